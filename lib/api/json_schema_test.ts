import { assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import fc from "fast-check";
import { hasInterfaceNameCharacters, isInterfaceName } from "../net/interface_name.ts";
import { jsonSchema } from "./json_schema.ts";
import { API_GROUPS, type ApiGroup, DEFAULT_API_GROUP, type Kind } from "./resource.ts";

function validator(kind: Kind, group: ApiGroup = DEFAULT_API_GROUP) {
  return new Ajv({ strict: true }).compile(jsonSchema(kind, group));
}
const danmNet = (spec: object) => ({ apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata: { name: "a" }, spec });

Deno.test("jsonSchema() is strict JSON Schema for every kind", () => {
  for (
    const kind of ["DanmNet", "TenantNetwork", "ClusterNetwork", "DanmEp", "TenantConfig", "AddressBlock"] as const
  ) {
    for (const group of API_GROUPS) validator(kind, group);
  }
});

Deno.test("jsonSchema() accepts a good network and names what is wrong with a bad one", () => {
  const validate = validator("DanmNet");
  const problems = (spec: object) => validate(danmNet(spec)) ? [] : validate.errors?.map((error) => error.instancePath);
  assertEquals(problems({ NetworkID: "a", Options: { vlan: 5, routes: { "10.1.0.0/16": "10.0.0.1" } } }), []);
  assertEquals(problems({ Options: { vlan: 4095 } }), ["/spec/Options/vlan"]);
  assertEquals(problems({ Options: { vlam: 5 } }), ["/spec/Options"]);
});

Deno.test("jsonSchema() has the fields of a TenantConfig at the top level", () => {
  const config = { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata: {}, hostDevices: [{ name: "ens4" }] };
  assertEquals(validator("TenantConfig")(config), true);
  assertEquals(validator("TenantConfig")({ ...config, spec: {} }), false);
});

Deno.test("the schemas take for an interface name what lib/net takes", () => {
  const validate = validator("DanmNet");
  const name = fc.string({ unit: fc.constantFrom(..."aZ9_.@-/: \t%'\"\\é#".split("")), minLength: 1, maxLength: 17 });
  fc.assert(fc.property(name, (text) => {
    assertEquals(validate(danmNet({ Options: { host_device: text } })), isInterfaceName(text));
    assertEquals(validate(danmNet({ Options: { container_prefix: text } })), isInterfaceName(text));
    assertEquals(validate(danmNet({ NetworkID: text })), hasInterfaceNameCharacters(text));
  }));
});

import { assertEquals } from "@std/assert";
import { describeObjection } from "./rule.ts";
import { schemaCheck, type UserKind } from "./schema_objection.ts";

const check = schemaCheck("danm.k8s.io");

function objectionTo(kind: UserKind, body: object): string | undefined {
  const objection = check(kind, { apiVersion: "danm.k8s.io/v1", kind, metadata: { name: "a" }, ...body });
  return objection && describeObjection(objection);
}

Deno.test("schemaCheck() has nothing against good objects", () => {
  assertEquals(objectionTo("DanmNet", { spec: { NetworkID: "a", Options: { vlan: 5 } } }), undefined);
  assertEquals(objectionTo("TenantConfig", { hostDevices: [{ name: "ens4" }] }), undefined);
});

Deno.test("schemaCheck() has nothing against null, which the API server takes for absent", () => {
  assertEquals(objectionTo("DanmNet", { spec: { NetworkID: null, Options: { vlan: null, routes: null } } }), undefined);
  assertEquals(objectionTo("DanmNet", { spec: { Options: null } }), undefined);
  assertEquals(objectionTo("DanmNet", { spec: null }), "spec is missing, must be set");
});

Deno.test("schemaCheck() names field, value and what is allowed", () => {
  assertEquals(objectionTo("DanmNet", {}), "spec is missing, must be set");
  assertEquals(
    objectionTo("TenantNetwork", { spec: { Options: { vlan: "5" } } }),
    'spec.Options.vlan is "5", must be integer',
  );
  assertEquals(
    objectionTo("DanmNet", { spec: { Options: { vlan: 4095 } } }),
    "spec.Options.vlan is 4095, must be <= 4094",
  );
  assertEquals(
    objectionTo("ClusterNetwork", { spec: { Options: { vlam: 5 } } }),
    "spec.Options.vlam is 5, must be absent: there is no such field",
  );
  assertEquals(
    objectionTo("TenantConfig", { hostDevices: [{ name: "a" }, { name: "b", vniType: "gre", vniRange: "5" }] }),
    'hostDevices[1].vniType is "gre", must be one of vlan, vxlan',
  );
  assertEquals(objectionTo("TenantConfig", { hostDevices: [{}] }), "hostDevices[0].name is missing, must be set");
});

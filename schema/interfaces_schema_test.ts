import { assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import schema from "./interfaces.schema.json" with { type: "json" };

const accepted = [
  [],
  [{ network: "management", ip: "dynamic" }, { clusterNetwork: "external", ip: "10.0.0.5/24", ip6: "none" }],
  [{ tenantNetwork: "a", ip6: "2001:db8::5", proutes: { "10.1.0.0/16": "10.0.0.1" }, proutes6: {} }],
];
const refused = [
  {},
  [null],
  [{ ip: "dynamic" }],
  [{ network: "a", clusterNetwork: "b" }],
  [{ network: "" }],
  [{ network: "a", ipv4: "dynamic" }],
  [{ network: "a", proutes: ["10.1.0.0/16"] }],
];

Deno.test("interfaces.schema.json accepts good annotations and refuses bad ones", () => {
  const validate = new Ajv({ strict: true, strictRequired: false }).compile(schema);
  assertEquals(accepted.map((value) => validate(value)), accepted.map(() => true));
  assertEquals(refused.map((value) => validate(value)), refused.map(() => false));
});

import { assertEquals } from "@std/assert";
import type { Result } from "../../cni/result.ts";
import { unmetWishes } from "./unmet_wishes.ts";

const RESULT: Result = {
  interfaces: [{ name: "veth1", mac: "02:00:00:00:00:09" }, { name: "net1", mac: "02:00:00:00:00:0A", sandbox: "/n" }],
  ips: [{ address: "10.0.0.5/24" }, { address: "2001:db8::5/64" }],
  routes: [],
  dns: {},
};

const CASES: readonly (readonly [object, string[]])[] = [
  [{}, []],
  [{ ips: ["10.0.0.5", "2001:DB8:0::5/64"], mac: "02-00-00-00-00-0a" }, []],
  [{ mac: "0200.0000.000a" }, []],
  [{ ips: ["10.0.0.6/24", "10.0.0.5"] }, ["key ips has 10.0.0.6/24, which the plugins of the definition did not give"]],
  [{ mac: "02:00:00:00:00:09" }, ["key mac is 02:00:00:00:00:09, which the plugins of the definition did not give"]],
];

for (const [wishes, unmet] of CASES) {
  Deno.test(`unmetWishes() of ${JSON.stringify(wishes)}`, () => {
    assertEquals(unmetWishes({ name: "a", warnings: [], ...wishes }, "net1", RESULT), unmet);
  });
}

Deno.test("unmetWishes() does not know better than plugins that say no MAC", () => {
  const mac = "02:00:00:00:00:01";
  assertEquals(unmetWishes({ name: "a", warnings: [], mac }, "net1", { ...RESULT, interfaces: [] }), []);
});

import { assertEquals, assertThrows } from "@std/assert";
import type { Network } from "../api/network.ts";
import { InterfacePlanError } from "./interface_plan.ts";
import { circular, type NeedyInterface, orderInterfaces } from "./link_order.ts";

const network = { kind: "DanmNet", metadata: { namespace: "shop", name: "net" } } as Network;

/** Interfaces by name; `*` stands for the link of the default route. */
function interfaces(needs: Readonly<Record<string, readonly string[]>>): NeedyInterface[] {
  return Object.entries(needs).map(([name, names], index) => ({
    plan: { index, name, network },
    ...(names.length > 0 && {
      needs: { names: names.filter((need) => need !== "*"), defaultRoute: names.includes("*") },
    }),
  }));
}

function order(needs: Readonly<Record<string, readonly string[]>>, existing: readonly string[] = ["lo"]): string[][] {
  return orderInterfaces(interfaces(needs), existing);
}

Deno.test("orderInterfaces() lets an interface wait for those that it names, wherever they are in the list", () => {
  assertEquals(order({ eth0: [], bond1: ["eth3", "eth2"], eth2: [], eth3: [], eth4: ["bond1"] }), [
    [],
    ["eth2", "eth3"],
    [],
    [],
    ["bond1"],
  ]);
});

Deno.test("orderInterfaces() lets no interface wait for a link that is there already", () => {
  assertEquals(order({ eth0: [], eth1: ["lo", "net7"] }, ["lo", "net7"]), [[], []]);
});

Deno.test("orderInterfaces() lets one that takes the default route's link wait for all before it", () => {
  assertEquals(order({ eth0: [], eth1: ["*"], eth2: [] }), [[], ["eth0"], []]);
  assertEquals(order({ eth0: ["*"], eth1: [] }), [[], []]);
  assertEquals(order({ eth0: [], eth1: [], eth2: ["*", "eth3"], eth3: [] })[2], ["eth0", "eth1", "eth3"]);
});

Deno.test("orderInterfaces() refuses a link that is nowhere, naming interface, network and link", () => {
  assertThrows(
    () => order({ eth0: [], bond1: ["eth0", "eth7"] }),
    InterfacePlanError,
    'Cannot attach interface 1 to DanmNet shop/net: its delegate needs the link "eth7", must be one of the Pod\'s: ' +
      "eth0, bond1",
  );
});

Deno.test("orderInterfaces() refuses interfaces that need each other, and one that needs itself", () => {
  const refuses = (needs: Readonly<Record<string, readonly string[]>>, message: string) =>
    assertThrows(() => order(needs), InterfacePlanError, message);
  refuses(
    { eth0: [], a: ["b"], b: ["c"], c: ["a"], d: ["a"] },
    "interface 1 to DanmNet shop/net: it can never be made, as",
  );
  refuses({ eth0: [], a: ["b"], b: ["c"], c: ["a"], d: ["a"] }, "there is a circle of needs: a, b, c");
  refuses({ eth0: ["eth0"] }, "a circle of needs: eth0");
  refuses({ eth0: ["eth1"], eth1: ["*"] }, "a circle of needs: eth0, eth1");
});

Deno.test("circular() leaves out who is only in front of a circle, or behind it", () => {
  const circle = (
    needs: Readonly<Record<string, readonly string[]>>,
  ) => [...circular(Object.entries(needs).map(([name, needs]) => ({ name, needs })))];
  assertEquals(circle({ a: ["b"], b: ["a"], front: ["a"], behind: [], c: ["front", "behind"] }), ["a", "b"]);
  assertEquals(circle({ a: ["b"], b: ["c"], c: [], d: ["nobody"] }), []);
  assertEquals(circle({}), []);
});

import { assertEquals, assertRejects } from "@std/assert";
import type { Network } from "../../api/network.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import { CniError } from "../../cni/error.ts";
import { toIpError } from "../../link/ip_error.ts";
import { explainRefusal, LinkRefusedError } from "./explain_refusal.ts";

const network = { kind: "DanmNet", metadata: { name: "net", namespace: "shop" } } as Network;
const planOf = (type: string) => ({ index: 1, network, terms: { type } }) as InterfacePlan;
const parent = { index: 2, name: "ens1", mtu: 1500, up: true, group: 0 };
const ipSays = (stderr: string) => toIpError({ commands: [["link", "add"]], first: 0 }, stderr);
const pluginSays = (words: string) => new CniError(999, "Plugin macvlan failed at ADD", words);

const CASES: readonly (readonly [string, Error, string])[] = [
  ["ipvlan", ipSays("Error: Unknown device type."), "the kernel of this node has no ipvlan, must have its module: "],
  ["ipvlan", ipSays("RTNETLINK answers: Operation not supported"), "the kernel of this node has no ipvlan"],
  [
    "ipvlan",
    ipSays("RTNETLINK answers: Device or resource busy"),
    "host interface ens1 of DanmNet shop/net is busy: it is part of a bridge or bond, or has macvlan interfaces, which " +
    "exclude ipvlan on the same interface: ",
  ],
  [
    "macvlan",
    pluginSays("failed to create macvlan: operation not supported"),
    "the kernel of this node has no macvlan",
  ],
  [
    "macvlan",
    pluginSays("failed to create macvlan: device or resource busy"),
    "host interface ens1 of DanmNet shop/net is busy: it is part of a bridge or bond, or has ipvlan interfaces",
  ],
];

for (const [type, cause, sentence] of CASES) {
  Deno.test(`explainRefusal() says of ${type} in words: ${cause.message}`, async () => {
    const refused = () => explainRefusal(planOf(type), parent, Promise.reject(cause));
    const error = await assertRejects(refused, LinkRefusedError, sentence);
    assertEquals([error.cause, error.message.endsWith(cause.message)], [cause, true]);
  });
}

Deno.test("explainRefusal() passes on what it has no words for, and what succeeds", async () => {
  const other = ipSays("RTNETLINK answers: Network is down");
  assertEquals(await assertRejects(() => explainRefusal(planOf("ipvlan"), parent, Promise.reject(other))), other);
  assertEquals(await explainRefusal(planOf("ipvlan"), parent, Promise.resolve(5)), 5);
});

/** A namespace that goes while danm is at work in it. */

import { assertEquals, assertMatch } from "@std/assert";
import type { Fault } from "../cluster/fault.ts";
import { eventually } from "../cluster/eventually.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { DANM_ACCOUNT, type TestNode } from "../runtime/test_node.ts";

/** Requests during which the namespace goes, in the order in which ADD makes them. */
const MOMENTS: readonly (readonly [when: string, request: Pick<Fault, "method" | "path" | "nth">])[] = [
  ["before anything is made", { method: "GET", path: /\/pods\// }],
  ["before the link is made", { method: "POST", path: /\/addressblocks$/ }],
  ["before the link is set up", { method: "POST", path: /\/danmeps$/ }],
  ["after the link is set up", { method: "GET", path: /\/danmnets\//, nth: 2 }],
];

/** ADD of an interface of `type`, whose namespace goes at each of these moments. */
export async function vanishAtEachMoment(node: TestNode, type: "macvlan" | "ipvlan"): Promise<void> {
  await using proxy = await startFaultProxy(node.cluster);
  for (const [place, [when, request]] of MOMENTS.entries()) {
    const network = `n${place}`; // which has no block yet
    await node.createNetwork(network, { cidr: `10.1.${place}.0/24`, rt_tables: 150 }, { NetworkType: type });
    await using container = await node.createContainer([{ network, ip: "dynamic" }]);
    const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
    proxy.reset();
    proxy.inject({ ...request, action: { kind: "hold", until } });
    const call = node.runtime.call("ADD", container.sandbox, { kubeconfig: await proxy.kubeconfigFor(DANM_ACCOUNT) });
    await eventually(`see the request ${when}`, () => proxy.count(request) >= (request.nth ?? 1) || undefined);
    await container.netns[Symbol.asyncDispose]();
    letGo();
    const { code, answer } = await call;
    if (when.startsWith("after")) {
      // danm may have looked for the last time; the runtime will tell it to take all back.
      await node.runtime.call("DEL", container.sandbox);
    } else {
      assertEquals(code, 1, when);
      assertMatch(
        (answer as { msg: string }).msg,
        /Cannot enter network namespace .*: it does not exist|[Nn]etns|failed to open netns/,
      );
    }
    assertEquals(await node.leftovers(container), [], when);
  }
}

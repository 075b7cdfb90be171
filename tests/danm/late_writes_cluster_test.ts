/** Writes that the API server carries out when danm has given up already. */

import { assertEquals, assertMatch } from "@std/assert";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { DANM_ACCOUNT } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";
import { createFaultRequest } from "./fault_request.ts";
import { FAULT_POINTS } from "./faults.ts";

/** Seconds of the deadline; the writes come so many later. On a slow machine the deadline may pass before the write. */
const TIMEOUTS = [1, 4, 16];
const LATE_S = 3;

/** Those that an ADD cannot do without. */
const WRITES = FAULT_POINTS.filter(({ verb, request, outcomes }) =>
  verb === "ADD" && request.method !== "GET" && outcomes.hangs !== "works"
);

for (const point of WRITES) {
  danmTest(`takes back what is done after its deadline: ${point.step}`, async (node) => {
    await using proxy = await startFaultProxy(node.cluster);
    const kubeconfig = await proxy.kubeconfigFor(DANM_ACCOUNT);
    for (const timeout of TIMEOUTS) {
      await using container = await node.createContainer([await createFaultRequest(node, point)]);
      proxy.reset();
      proxy.inject({ ...point.request, nth: point.nth, action: { kind: "delay", ms: (timeout + LATE_S) * 1000 } });
      const message = await node.attachFails(container, { kubeconfig, timeout });
      const isReached = proxy.count(point.request) > 0;
      await proxy.idle();
      assertEquals(await node.leftovers(container), []);
      if (!isReached) continue;
      assertMatch(message, /the deadline of \d+ s has passed|no answer before the deadline/);
      await node.attach(container);
      await node.detach(container);
      return;
    }
    throw new Error("the request was never made");
  });
}

/** Runs the table of faults.ts: every fault at every request of ADD and DEL. */

import { basename } from "@std/path/posix";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type FaultProxy, startFaultProxy } from "../cluster/fault_proxy.ts";
import type { CallOutcome } from "../runtime/container_runtime.ts";
import { HAS_AGENT } from "../runtime/agent_choice.ts";
import { DANM_ACCOUNT, type TestContainer, type TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";
import { createFaultRequest } from "./fault_request.ts";
import {
  FAULT_POINTS,
  faultAt,
  type FaultName,
  type FaultPoint,
  FAULTS,
  isRemembered,
  isTriedAgain,
} from "./faults.ts";

/** How many cells of the table are run at once; most of the time they wait. */
const LANES = 16;

/** Deadlines in seconds: one that is to pass, and one that no machine needs. */
const [SHORT, LONG] = [2, 120];

/** One cell of the table. */
interface Cell {
  readonly point: FaultPoint;
  readonly fault: FaultName;
}

danmTest("takes back everything, or keeps what takes it back, at every fault of every request", async (node) => {
  await using proxies = new AsyncDisposableStack();
  const points = HAS_AGENT ? FAULT_POINTS.filter((point) => !isRemembered(point)) : FAULT_POINTS;
  const cells = points.flatMap((point) =>
    FAULTS.filter((fault) => point.outcomes[fault]).map((fault): Cell => ({ point, fault }))
  ).values();
  const failures: string[] = [];
  await Promise.all(Array.from({ length: LANES }, async () => {
    const proxy = proxies.use(await startFaultProxy(node.cluster));
    for (const cell of cells) {
      const { verb, journal, step } = cell.point;
      const name = `${verb}${verb === "DEL" && !journal ? " without journal" : ""}, ${step}, ${cell.fault}`;
      await runUntilReached(node, proxy, cell).catch((error) => failures.push(`${name}: ${error.message}`));
    }
  }));
  assertEquals(failures, []);
});

/** On a slow machine the deadline may come before all is done that is judged: then there is more time in the next try. */
async function runUntilReached(node: TestNode, proxy: FaultProxy, cell: Cell): Promise<void> {
  const { point, fault } = cell;
  const timeouts = isTriedAgain(fault) && point.outcomes[fault] !== "works" ? [SHORT, 4 * SHORT, 16 * SHORT] : [LONG];
  for (const timeout of timeouts) {
    if (await runCell(node, proxy, cell, timeout)) return;
  }
  throw new Error("the request was never made, or what goes on beside it never done");
}

/** Whether the call came as far as it is judged in time. In either case nothing is left in the end. */
async function runCell(node: TestNode, proxy: FaultProxy, cell: Cell, timeout: number): Promise<boolean> {
  const { point, fault } = cell;
  await using container = await node.createContainer([await createFaultRequest(node, point)]);
  if (point.verb === "DEL") {
    await node.attach(container, { timeout: LONG });
    if (!point.journal) await Deno.remove(node.runtime.journalOf(container.sandbox));
  }

  const kubeconfig = await proxy.kubeconfigFor(DANM_ACCOUNT);
  proxy.reset();
  proxy.inject(faultAt(point, fault));
  const call = await node.runtime.call(point.verb, container.sandbox, { kubeconfig, timeout });
  const isJudged = proxy.count(point.request) >= point.nth && await judge(node, container, cell, call);

  proxy.reset();
  await node.detach(container, { kubeconfig, timeout: LONG });
  assertEquals(await node.leftovers(container), []);
  return isJudged;
}

/** Resolves to false when what goes on beside the request met the deadline. */
async function judge(
  node: TestNode,
  container: TestContainer,
  { point, fault }: Cell,
  call: CallOutcome,
): Promise<boolean> {
  const { verb, journal, inInterface } = point;
  const outcome = point.outcomes[fault];
  if (outcome === "works" || outcome === "believed") {
    assertEquals(call.code, 0, JSON.stringify(call.answer));
    return true;
  }
  const { msg, ...rest } = call.answer as { msg: string };
  assertEquals([call.code, call.stderr, rest], [1, "", {
    cniVersion: "1.0.0",
    code: isTriedAgain(fault) ? 11 : 100,
  }], msg);
  const lines = msg.split("\n");
  const isLate = isTriedAgain(fault) && lines.some((line) => / the deadline of \d+ s has passed$/.test(line));
  if (verb === "ADD" && inInterface) {
    assertEquals(lines[0], "CNI network could not be set up: ");
    assertMatch(lines[1]!, /^interface 0 \(eth0, DanmNet [^ ]*\): ./);
  }
  assertMatch(msg, point.says?.[fault] ?? sayingOf(fault));
  if (outcome === "undone") {
    if (isLate) return false;
    assertEquals(lines.length, inInterface ? 2 : 1, msg);
    assertEquals(await node.leftovers(container), []);
  } else if (verb === "ADD" || journal) {
    assertMatch(msg, /CNI network could not be removed: \ninterface eth0: /);
    const left = await node.leftovers(container);
    assert(left.includes(`journal ${basename(node.runtime.journalOf(container.sandbox))}`), left.join());
    if (isLate) return false;
    assertEquals(left.filter((line) => line.startsWith("in ") || line.startsWith("process ")), []);
  }
  return true;
}

/** What the error says of a fault. */
function sayingOf(fault: FaultName): RegExp {
  if (!/^\d+$/.test(fault)) return /Cannot reach API server .*: ./;
  // The deadline may come while the API server is being asked once more.
  return new RegExp(`: injected fault \\(${fault}${isTriedAgain(fault) ? "|no answer before the deadline" : ""}`);
}

/** Pods that bin/danm attaches and detaches, and how long that takes. */

import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { inParallel } from "./series.ts";

/** What one round measured: durations in ms of calls that succeeded, how many failed, and the whole, in ms. */
export interface Round {
  readonly add: number[];
  readonly del: number[];
  failed: number;
  readonly addresses: string[];
  wall: number;
}

/** Attaches `pods` Pods to `network`, `width` at once, each with `interfaces` interfaces, and then detaches all. */
export async function attachPods(
  node: TestNode,
  network: string,
  pods: number,
  width: number,
  interfaces: number,
): Promise<Round> {
  await using stack = new AsyncDisposableStack();
  const requests = Array.from({ length: interfaces }, () => ({ network, ip: "dynamic" }));
  const containers: TestContainer[] = [];
  for (let pod = 0; pod < pods; pod++) containers.push(stack.use(await node.createContainer(requests)));
  const round: Round = { add: [], del: [], failed: 0, addresses: [], wall: 0 };
  const call = async (command: string, durations: number[], { sandbox }: TestContainer) => {
    const { code, answer, ms } = await node.runtime.call(command, sandbox);
    if (code !== 0) return void round.failed++;
    durations.push(ms);
    for (const { address } of (answer as { ips?: { address: string }[] } | undefined)?.ips ?? []) {
      round.addresses.push(address);
    }
  };
  const started = performance.now();
  await inParallel(containers, width, (container) => call("ADD", round.add, container));
  round.wall = performance.now() - started;
  await inParallel(containers, width, (container) => call("DEL", round.del, container));
  return round;
}

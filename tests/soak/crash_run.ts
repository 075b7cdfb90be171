/** Many containers whose danm is killed, beside some that live through it all. */

import { assertEquals } from "@std/assert";
import { DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import { formatAddress, parseAddress } from "../../lib/net/address.ts";
import { eventually } from "../cluster/eventually.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import type { OwnCluster } from "../cluster/start_cluster.ts";
import { startCleanerProcess } from "../cleaner/cleaner_scene.ts";
import { createTestNode, type TestContainer, type TestNode } from "../runtime/test_node.ts";
import { describeTrial, runTrial, type Trial } from "./crash_trial.ts";

/** Trials at a time, each with a line of its own to the API server. */
const LANES = 4;

/** Containers that must keep what they have. */
const SURVIVORS = 3;

/** A run under way: a node with two small pools, so that addresses are used again soon. */
export interface CrashRun extends AsyncDisposable {
  /**
   * Runs all of `trials`, lets the cleaner do its part, and looks for leaks and for addresses with two owners.
   * Resolves to how many calls were killed.
   *
   * @throws {AggregateError} naming every trial that went wrong
   */
  round(trials: readonly Trial[]): Promise<number>;
}

/** @param cluster with the rights of the cleaner */
export async function openCrashRun(cluster: OwnCluster): Promise<CrashRun> {
  await using undo = new AsyncDisposableStack();
  const node = undo.use(await createTestNode(cluster));
  const proxies = await Promise.all(
    Array.from({ length: LANES }, async () => undo.use(await startFaultProxy(cluster))),
  );
  await node.createNetwork("a", { cidr: "10.1.0.0/27" });
  await node.createNetwork("b", { cidr: "10.2.0.0/27", net6: "2001:db8::/123" });
  const survivors: Survivor[] = [];
  for (let index = 0; index < SURVIVORS; index++) survivors.push(await openSurvivor(undo, node));

  const done = undo.move();
  return {
    async round(trials) {
      const rest = trials.values();
      const failures: Error[] = [];
      const lost: TestContainer[] = [];
      let kills = 0;
      await Promise.all(proxies.map(async (proxy) => {
        for (const trial of rest) {
          try {
            const outcome = await runTrial(node, proxy, trial);
            kills += Number(outcome.killed);
            if (outcome.lost) lost.push(outcome.lost);
          } catch (cause) {
            failures.push(new Error(`${describeTrial(trial)}: ${cause}`, { cause }));
          }
        }
      }));
      if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join("\n"));
      await cleanLost(cluster, node, lost);
      await checkOwners(node, survivors);
      return kills;
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

/** A container that lives through everything, and the addresses it was given. */
interface Survivor {
  readonly container: TestContainer;
  readonly addresses: readonly string[];
}

async function openSurvivor(undo: AsyncDisposableStack, node: TestNode): Promise<Survivor> {
  const request = { network: "b", ip: "dynamic", ip6: "dynamic" };
  const container = undo.use(await node.createContainer([{ network: "a", ip: "dynamic" }, request]));
  const { ips } = await node.attach(container);
  return { container, addresses: ips.map(({ address }) => address.split("/")[0]!) };
}

/** Waits until a cleaner has removed everything of `lost`. */
async function cleanLost(cluster: OwnCluster, node: TestNode, lost: readonly TestContainer[]): Promise<void> {
  await using _cleaner = await startCleanerProcess(cluster, ["--leader-elect=false"]);
  for (const container of lost) {
    const { containerId } = container.sandbox;
    await eventually(`see all of ${containerId} cleaned`, async () => {
      const left = await node.leftovers(container);
      if (left.length === 0) return true;
      throw new Error(left.join());
    }, 200);
  }
}

/** Exactly the addresses of `survivors` are taken, each by its container. */
async function checkOwners({ client, namespace }: TestNode, survivors: readonly Survivor[]): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const { items } = await client.list<AddressBlock>(resourceFor("AddressBlock", DEFAULT_API_GROUP), { signal });
  const taken = items.filter(({ spec }) => spec.network?.namespace === namespace).flatMap(({ spec }) =>
    Object.entries(spec.allocations ?? {}).map(([offset, owner]) => {
      const base = parseAddress(spec.base)!;
      return `${formatAddress({ ...base, value: base.value + BigInt(offset) })} ${owner.split("/")[1]}`;
    })
  );
  const expected = survivors.flatMap(({ container, addresses }) =>
    addresses.map((address) => `${address} ${container.sandbox.containerId}`)
  );
  assertEquals(taken.sort(), expected.sort());
}

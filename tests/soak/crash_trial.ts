/** One container whose danm is killed, and what cleans up after it. */

import { killChild } from "../../lib/process/kill_group.ts";
import { sweepContainers } from "../../lib/controller/netwatcher/sweep_containers.ts";
import { openLog } from "../../lib/host/serving/log.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { readDanmConfig } from "../../lib/plugin/danm_config.ts";
import type { NodeServices } from "../../lib/plugin/node_services.ts";
import { eventually } from "../cluster/eventually.ts";
import type { FaultProxy } from "../cluster/fault_proxy.ts";
import { DANM_ACCOUNT, type TestContainer, type TestNode } from "../runtime/test_node.ts";

/** When danm is killed: as soon as its n-th request has arrived, which is never answered, or after some time. */
export type KillMoment = { readonly request: number } | { readonly afterMs: number };

/**
 * What happens next: the runtime calls DEL; it never does, and the node sweeps; or the node is lost with all that it
 * knew, and the cleaner has to do it.
 */
export type Ending = "DEL" | "sweep" | "lost node";

export interface Trial {
  /** Which call is killed; the ADD before a DEL is not. */
  readonly verb: "ADD" | "DEL";
  readonly moment: KillMoment;
  readonly ending: Ending;
}

/** What came of a trial. */
export interface TrialOutcome {
  /** Whether the call was killed before it ended by itself. */
  readonly killed: boolean;
  /** The container, when it is left for the cleaner. */
  readonly lost?: TestContainer;
}

export function describeTrial({ verb, moment, ending }: Trial): string {
  const when = "request" in moment ? `at request ${moment.request}` : `after ${Math.round(moment.afterMs)} ms`;
  return `${verb} killed ${when}, then ${ending}`;
}

/** Runs one trial. Rejects when something is left that the ending should have removed. */
export async function runTrial(node: TestNode, proxy: FaultProxy, trial: Trial): Promise<TrialOutcome> {
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic" },
    { network: "b", ip: "dynamic", ip6: "dynamic" },
  ]);
  if (trial.verb === "DEL") await node.attach(container);
  const killed = await callAndKill(node, proxy, trial, container);
  switch (trial.ending) {
    case "DEL":
      await node.detach(container);
      break;
    case "sweep":
      await container[Symbol.asyncDispose]();
      await deletePod(node, container);
      await sweepUntilClean(node, container);
      break;
    case "lost node":
      await container[Symbol.asyncDispose]();
      await deletePod(node, container);
      await Deno.remove(node.runtime.journalOf(container.sandbox)).catch(ignoreMissing);
      return { killed, lost: container };
  }
  await nothingIsLeft(node, container);
  return { killed };
}

/** A sweep of another trial may hold the journal open, empty, for a moment after it was removed. */
async function nothingIsLeft(node: TestNode, container: TestContainer): Promise<void> {
  await eventually(`see nothing left of ${container.sandbox.containerId}`, async () => {
    const left = await node.leftovers(container);
    if (left.length > 0) throw new Error(left.join());
    return true;
  });
}

async function callAndKill(
  node: TestNode,
  proxy: FaultProxy,
  { verb, moment }: Trial,
  container: TestContainer,
): Promise<boolean> {
  proxy.reset();
  if ("request" in moment) proxy.inject({ nth: moment.request, action: { kind: "hang" } });
  const child = await node.runtime.start(verb, container.sandbox, {
    kubeconfig: await proxy.kubeconfigFor(DANM_ACCOUNT),
  });
  let hasEnded = false;
  const ended = child.output().finally(() => hasEnded = true);
  if ("request" in moment) {
    await eventually(`see request ${moment.request} of ${verb}`, () => {
      return hasEnded || proxy.requests.length >= moment.request || undefined;
    }, 2);
  } else {
    await new Promise((resolve) => setTimeout(resolve, moment.afterMs));
  }
  killChild(child);
  return (await ended).signal === "SIGKILL";
}

/** As often as it takes: a sweep passes over a journal that is in use, e.g. by the sweep of another trial. */
async function sweepUntilClean(node: TestNode, container: TestContainer): Promise<void> {
  const services = servicesOf(node);
  await eventually("sweep", async () => {
    await sweepContainers(services, { path: [node.runtime.binDir] }, AbortSignal.timeout(60_000));
    const left = await node.leftovers(container);
    if (left.length > 0) throw new Error(left.join());
    return true;
  });
}

async function deletePod({ client }: TestNode, { sandbox: { pod } }: TestContainer): Promise<void> {
  const ref = { group: "", version: "v1", plural: "pods", namespace: pod.namespace, name: pod.name };
  await client.delete(ref, { signal: AbortSignal.timeout(30_000) });
}

/** What netwatcher's sweep works with. */
function servicesOf({ client, runtime }: TestNode): NodeServices {
  const config = readDanmConfig({ ...runtime.config(), cniVersion: "1.0.0", name: "danm", type: "danm" });
  const log = openLog(runtime.logFile, "info");
  return { config, kube: client, blocks: createBlockStore(client, config.apiGroup), log };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

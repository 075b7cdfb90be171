/** Policies on the interfaces of a node's Pods: follows all that they depend on, and has them in force. */

import { hostAddresses } from "../../../host/devices/host_addresses.ts";
import { readPolicies } from "../../../plugin/policies/read_policies.ts";
import { networkKey } from "../../../policy/network_key.ts";
import type { PolicyView } from "../../../policy/policy_view.ts";
import { SYSTEM_CLOCK } from "../../clock.ts";
import { createController } from "../../controller.ts";
import type { Daemon } from "../../daemon.ts";
import { runTogether, type Task } from "../../run_together.ts";
import { createTaskSwitch } from "../../task_switch.ts";
import { createTeller } from "../../teller.ts";
import type { WorkQueue } from "../../work_queue.ts";
import { createEnforcer } from "./enforce_rules.ts";
import { followPeers, type PeerInformers } from "./follow_peers.ts";
import { followPolicies } from "./follow_policies.ts";
import { createPeerWorld, NOBODY } from "./peer_world.ts";
import type { Look } from "./police_container.ts";
import { createPolicyMeters, tallyOf } from "./policy_meters.ts";
import { createPolicyReporter } from "./policy_notices.ts";
import { createPolicyReconciler } from "./reconcile_policies.ts";

/** Something has changed that rules depend on. */
const CHANGE = "change";

/** It is time to look whether the rules are still as they were put. */
const VERIFY = "verify";

/** How often that is. */
const VERIFY_MS = 60_000;

/** Pods come and go in numbers: one look for all changes of this time. */
const SETTLE_MS = 100;

export interface PolicingOptions {
  readonly nodeName: string;
  /** danm's. */
  readonly stateDir: string;
  /** Whether each network and definition asks for policies, by `networkKey()`; undefined until all of them are known. */
  networks(): ReadonlyMap<string, boolean> | undefined;
}

/** To be told when networks have changed. */
export interface PolicyController {
  changed(): void;
  run: Task;
}

/**
 * Has the policies in force in the namespaces of this node's Pods. Pods, namespaces and the interfaces of other Pods are
 * followed only while there is a policy. What is in force stays when this ends, and until it knows all that it must know.
 */
export function createPolicyController(daemon: Daemon, options: PolicingOptions): PolicyController {
  const { kube, log, events, registry, meters: { informers } } = daemon;
  const { nodeName, stateDir, networks } = options;
  const meters = createPolicyMeters(registry);
  const policies = followPolicies(daemon, () => {
    world.forget();
    changed();
  });
  const world = createPeerWorld(() => changed());
  let peers: PeerInformers | undefined;
  const following = createTaskSwitch(() => followWhileNeeded());
  let runs = 0;
  const enforcer = createEnforcer(stateDir, () => {
    runs++;
    meters.nftRuns.inc();
  });
  const reconcile = createPolicyReconciler({ log, stateDir, enforcer });
  const report = createPolicyReporter(createTeller({ events, log }, SYSTEM_CLOCK), nodeName);
  /** When the first change was heard of that no look has seen yet. */
  let changedAt: number | undefined;

  const controller: WorkQueue = createController(daemon, {
    name: "policies",
    workers: 1,
    caches: () => policies,
    resync: { everyMs: VERIFY_MS, keys: () => [VERIFY] },
    reconcile: (key, signal) => lookOnce(key === VERIFY, signal),
  });

  function changed(): void {
    changedAt ??= performance.now();
    controller.addAfter(CHANGE, SETTLE_MS);
  }

  function followWhileNeeded(): Task {
    const followed = followPeers(daemon, world.handlers);
    peers = followed;
    world.forget();
    const all = Object.values(followed);
    Promise.all(all.map(({ synced }) => synced)).then(changed, () => {}); // an end before that is no news
    return async (signal) => {
      try {
        await runTogether(all.map(({ run }) => run), signal);
      } finally {
        peers = undefined;
        for (const [name, informer] of informers) if (all.some((each) => each === informer)) informers.delete(name);
      }
    };
  }

  async function lookOnce(verify: boolean, signal: AbortSignal): Promise<void> {
    const all = policies.flatMap((informer) => informer.list()).map(({ view }) => view);
    following.set(all.length > 0);
    if (all.length > 0 && !isComplete(peers)) return; // who fills them tells of it
    const since = changedAt;
    changedAt = undefined;
    const runsBefore = runs;
    const look = createLook(all, verify);
    const findings = await reconcile(look, signal);
    const reasons = await report({ ...findings, policies: all, look, networks: networks() }, peers, signal);
    meters.tally(tallyOf(all, findings, reasons));
    if (findings.failures.length > 0) {
      changedAt ??= since;
      throw new AggregateError(findings.failures, findings.failures.map(({ message }) => message).join("\n"));
    }
    if (since !== undefined && runs > runsBefore) {
      meters.effectSeconds.observe((performance.now() - since) / 1000);
    }
  }

  function createLook(all: readonly PolicyView[], verify: boolean): Look {
    const byNamespace = Map.groupBy(all, ({ namespace }) => namespace);
    const latest = new Map<string, Promise<PolicyView[]>>();
    const asking = networks();
    return {
      verify,
      node: hostAddresses(),
      peers: peers === undefined ? NOBODY : world.view(peers),
      asks: (network) => asking?.get(networkKey(network)),
      policiesOf: (namespace) => byNamespace.get(namespace) ?? [],
      latestOf(namespace, signal) {
        const known = latest.get(namespace) ?? readPolicies(kube, namespace, signal);
        latest.set(namespace, known);
        return known;
      },
    };
  }

  return {
    changed,
    run: (signal) => runTogether([...policies.map(({ run }) => run), following.run, controller.run], signal),
  };
}

function isComplete(peers: PeerInformers | undefined): boolean {
  return peers !== undefined && Object.values(peers).every(({ hasSynced }) => hasSynced);
}

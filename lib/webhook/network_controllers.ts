/** What the webhook does for networks that are there, besides admitting new ones. */

import type { Network, NetworkKind } from "../api/network.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { SYSTEM_CLOCK } from "../controller/clock.ts";
import { createController } from "../controller/controller.ts";
import type { Daemon } from "../controller/daemon.ts";
import { createTeller } from "../controller/teller.ts";
import type { WorkQueue } from "../controller/work_queue.ts";
import { createVniStore } from "../kube/blocks/vni_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isInvalid } from "../kube/client/kube_error.ts";
import type { VniGrant } from "../reconcile/vni_claims.ts";
import { giveVnis } from "./give_vnis.ts";
import { isGiven, stillWaiting, subjectOf, unprotected } from "./network_events.ts";
import { protectNetwork } from "./protect_networks.ts";
import { publishUsage } from "./publish_usage.ts";
import type { NetworkCaches, Surroundings } from "./surroundings.ts";

/** How often to look at all numbers although nothing seems to have changed. */
const RESYNC_MS = 300_000;

/** Networks are made several at a time: one look for all changes of this time, in milliseconds. */
const SETTLE_MS = 50;

/** How long after a change the numbers in use are counted: many changes come together. */
const USAGE_AFTER_MS = 1000;

/** Keeps the finalizer on networks. */
export function protectionController(daemon: Daemon, surroundings: Surroundings, caches: NetworkCaches): WorkQueue {
  return createController(daemon, {
    name: "protection",
    caches: () => Object.values(caches),
    async reconcile(key, signal) {
      const network = cachedNetwork(caches, key);
      if (network === undefined) return {};
      try {
        return await protectNetwork(daemon.kube, surroundings, network, signal);
      } catch (error) {
        if (isInvalid(error)) daemon.events.record(subjectOf(daemon.apiGroup, network), unprotected(error));
        throw error;
      }
    },
  });
}

/** Tells of networks that wait for their number longer than they should: nobody may lead who could say why. */
export function waitController(daemon: Daemon, caches: NetworkCaches): WorkQueue {
  return createController(daemon, {
    name: "waits",
    caches: () => [caches.TenantNetwork],
    workers: 1,
    reconcile(key) {
      const network = cachedNetwork(caches, key);
      const type = network && awaitedVni(network.metadata);
      if (type) daemon.events.record(subjectOf(daemon.apiGroup, network), stillWaiting(type));
      return Promise.resolve();
    },
  });
}

function cachedNetwork(caches: NetworkCaches, key: string): Network | undefined {
  const [kind = "", ...rest] = key.split(" ");
  return caches[kind as NetworkKind].get(rest.join(" "));
}

/** What the keys of these controllers say of a network. */
export function networkKey({ kind, metadata: { namespace, name } }: Network): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** The work of the leader. Two keys: `numbers` gives and releases them, `usage` tells how many are in use. */
export function vniController(
  daemon: Daemon,
  kube: KubeClient,
  surroundings: Surroundings,
): WorkQueue & { changed(): void } {
  const { apiGroup: group } = daemon;
  const store = createVniStore(kube, group);
  const tell = createTeller(daemon, SYSTEM_CLOCK);
  const given = ({ network, segment }: VniGrant) =>
    daemon.events.record(subjectOf(daemon.apiGroup, network), isGiven(segment));
  const queue = createController(daemon, {
    name: "vnis",
    caches: () => [],
    workers: 1,
    resync: { everyMs: RESYNC_MS, keys: () => ["numbers", "usage"] },
    async reconcile(key, signal) {
      if (key === "usage") return await publishUsage(kube, group, surroundings, signal);
      await giveVnis({ kube, store, group, surroundings, given, tell }, signal);
    },
  });
  return {
    ...queue,
    changed() {
      queue.addAfter("numbers", SETTLE_MS);
      queue.addAfter("usage", USAGE_AFTER_MS);
    },
  };
}

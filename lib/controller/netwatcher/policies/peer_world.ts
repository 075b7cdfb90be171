/** What the caches of peers come to, computed anew where something has changed. */

import type { Labels } from "../../../policy/label_selector.ts";
import type { PeerMemory } from "../../../policy/plan_rules.ts";
import { type PeerInterface, podKey, type PolicyWorld } from "../../../policy/policy_world.ts";
import type { PeerHandlers, PeerInformers } from "./follow_peers.ts";

/** The world but for the policies, and what was looked up in it. */
export interface PeerView extends Omit<PolicyWorld, "policies"> {
  /** Labels of the Pod that is known by this UID. */
  labelsOf(pod: { readonly namespace: string; readonly name: string; readonly uid: string }): Labels | undefined;
  /** What `planRules()` is to be given for interfaces of the network. */
  memoryOf(network: string): PeerMemory;
}

export interface PeerWorld {
  readonly handlers: PeerHandlers;
  /** Lets everything be looked up anew, as a policy has changed. */
  forget(): void;
  view(informers: PeerInformers): PeerView;
}

/** Peers of rules stay known until somebody tells of a change on their network. */
export function createPeerWorld(changed: () => void): PeerWorld {
  const memories = new Map<string, PeerMemory>();
  const changedPods = new Set<string>();
  const forget = () => memories.clear();
  return {
    handlers: {
      namespace() {
        forget();
        changed();
      },
      pod(key) {
        changedPods.add(key);
        changed();
      },
      network(key) {
        memories.delete(key);
        changed();
      },
    },
    forget,
    view({ namespaces, pods, endpoints }) {
      const labelsOf: PeerView["labelsOf"] = ({ uid, ...pod }) => {
        const known = pods.get(podKey(pod));
        return known?.uids.includes(uid) ? known.labels : undefined;
      };
      const interfaces = new Map<string, PeerInterface[]>();
      for (const { network, peer, podUid } of endpoints.list()) {
        if (changedPods.has(podKey(peer.pod))) memories.delete(network);
        // An interface of a Pod that had the name before is nobody's that anyone could have selected.
        if (labelsOf({ ...peer.pod, uid: podUid }) === undefined) continue;
        const known = interfaces.get(network) ?? [];
        known.push(peer);
        interfaces.set(network, known);
      }
      changedPods.clear();
      return {
        namespaces: new Map(namespaces.list().map(({ metadata, labels }) => [metadata.name, labels])),
        pods: new Map(
          pods.list().map(({ metadata: { namespace = "", name }, labels }) => [podKey({ namespace, name }), labels]),
        ),
        interfaces,
        labelsOf,
        memoryOf(network) {
          const memory = memories.get(network) ?? new Map();
          memories.set(network, memory);
          return memory;
        },
      };
    },
  };
}

/** Of a cluster in which there are no policies: nobody is followed. */
export const NOBODY: PeerView = {
  namespaces: new Map(),
  pods: new Map(),
  interfaces: new Map(),
  labelsOf: () => undefined,
  memoryOf: () => new Map(),
};

/** What policies go by, as values. */

import type { PodName } from "../api/pod.ts";
import type { Address } from "../net/address.ts";
import type { Labels } from "./label_selector.ts";
import type { PolicyView, Protocol } from "./policy_view.ts";

/** All that rules depend on, of the whole cluster. */
export interface PolicyWorld {
  readonly policies: readonly PolicyView[];
  /** Labels of namespaces by name. */
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** Labels of Pods by `podKey()`. */
  readonly pods: ReadonlyMap<string, Labels>;
  /** Every interface that a Pod has, by the `networkKey()` of what it is attached to. */
  readonly interfaces: ReadonlyMap<string, readonly PeerInterface[]>;
}

/** An interface as a peer of others on its network. */
export interface PeerInterface {
  readonly pod: PodName;
  readonly addresses: readonly Address[];
  /** The ports that its Pod names. */
  readonly ports: readonly NamedPort[];
}

/** A port of a Pod's container that has a name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** An interface that policies may hold on. */
export interface PolicedInterface extends PeerInterface {
  /** Its name in the Pod. */
  readonly name: string;
  /** `networkKey()` of what it is attached to. */
  readonly network: string;
  /** Whether policies that name no network hold on it. */
  readonly isOwn: boolean;
}

export function podKey({ namespace, name }: PodName): string {
  return `${namespace}/${name}`;
}

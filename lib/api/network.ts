/** Networks: DanmNet, TenantNetwork and ClusterNetwork, which share one body. */

import type { KubeObject } from "./kube_object.ts";
import type { networkSpecSchema } from "./network_schema.ts";
import type { FromSchema } from "./schema.ts";

/** The kinds of network, in the order a default network is looked for. */
export const NETWORK_KINDS = ["DanmNet", "TenantNetwork", "ClusterNetwork"] as const;
export type NetworkKind = typeof NETWORK_KINDS[number];

/** The body all three kinds share. */
export type NetworkSpec = FromSchema<typeof networkSpecSchema>;

/** The options of a network. */
export type NetworkOptions = NonNullable<NetworkSpec["Options"]>;

export type DanmNet = KubeObject<"DanmNet", { readonly spec: NetworkSpec }>;
export type TenantNetwork = KubeObject<"TenantNetwork", { readonly spec: NetworkSpec }>;
export type ClusterNetwork = KubeObject<"ClusterNetwork", { readonly spec: NetworkSpec }>;

/** Any network; `kind` tells them apart. Items of a list carry no kind: the client that lists them adds it. */
export type Network = DanmNet | TenantNetwork | ClusterNetwork;

/** One network object, for as long as it lives: a network made anew under the same name has another `uid`. */
export interface NetworkRef {
  readonly kind: NetworkKind;
  /** Absent for a ClusterNetwork. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The reference to `network`.
 *
 * @throws {TypeError} when it has no UID, that is, was not read from an API server
 */
export function networkRef(network: Network): NetworkRef {
  const { name, namespace, uid } = network.metadata;
  if (!uid) throw new TypeError(`Cannot refer to ${network.kind} ${name}: its UID is missing, must be set`);
  return { kind: network.kind, ...(namespace && { namespace }), name, uid };
}

/** Options whose entries are the user's own: an empty one is wrong, not absent. */
const MAPS: readonly string[] = ["routes", "routes6"];

/**
 * The options of `network` that mean something. The original system stored empty texts, a routing table 0 and empty
 * pools for what nobody had set, templates render them and null too, which the API server takes away where it knows the
 * schema: they count as absent, so read options through this.
 */
export function networkOptions({ spec }: Pick<Network, "spec">): NetworkOptions {
  return dropEmpty(spec.Options ?? {});
}

function dropEmpty<T extends object>(value: T): T {
  const kept = Object.entries(value)
    .map(([key, item]) => [key, isObject(item) && !MAPS.includes(key) ? dropEmpty(item) : item] as const)
    .filter(([, item]) => item !== null && item !== "" && item !== 0 && !(isObject(item) && isEmpty(item)));
  return Object.fromEntries(kept) as T;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

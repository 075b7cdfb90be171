/** Networks for tests of this folder. */

import type { Network, NetworkOptions } from "../api/network.ts";
import type { Family } from "../net/address.ts";
import { parseAddress } from "../net/address.ts";
import { type Pool, poolOf } from "./pool.ts";
import type { ReserveRequest } from "./reservation.ts";

/** A DanmNet with `Options`, as read from an API server. */
export function testNetwork(Options: NetworkOptions): Network {
  return {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { name: "a", namespace: "n", uid: "8a3c9f00-0000-4000-8000-000000000001" },
    spec: { NetworkID: "a", NetworkType: "macvlan", Options },
  };
}

/** The pool of {@link testNetwork}; IPv6 when it has no `cidr`. */
export function testPool(options: NetworkOptions): Pool {
  const family: Family = options.cidr === undefined ? 6 : 4;
  return poolOf(testNetwork(options), family)!;
}

/** The number of an address given as text. */
export function valueOf(text: string): bigint {
  return parseAddress(text)!.value;
}

/** The request for any address. */
export const DYNAMIC = { kind: "dynamic" } as const;

/** The request for an address given as text. */
export function fixed(text: string): ReserveRequest {
  return { kind: "static", address: parseAddress(text)! };
}

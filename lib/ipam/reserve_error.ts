/** Why an address could not be reserved. */

import type { NetworkRef } from "../api/network.ts";
import type { PodName } from "../api/pod.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { formatSubnet } from "../net/subnet.ts";
import { describeOwner } from "./owner.ts";
import { describePool, type Pool } from "./pool.ts";

/** Every address of the pool is taken. */
export class PoolExhaustedError extends Error {
  override readonly name = "PoolExhaustedError";
  constructor(pool: Pool) {
    super(
      `Cannot reserve an IPv${pool.family} address on ${describeNetworkRef(pool.network)}: ` +
        `every address of its pool ${describePool(pool)} is taken`,
    );
  }
}

/** The static address asked for is taken. */
export class AddressTakenError extends Error {
  override readonly name = "AddressTakenError";
  constructor(
    readonly pool: Pool,
    readonly address: Address,
    /** As stored; see {@link parseOwner}. */
    readonly owner: string,
    /** Its Pod, where that is known. */
    pod?: PodName,
  ) {
    super(`Cannot reserve ${describe(pool, address)}: it is taken by ${describeOwner(owner, pod)}`);
  }
}

/** The static address asked for is none that an interface on the network may have. */
export class AddressOutsideError extends Error {
  override readonly name = "AddressOutsideError";
  constructor(pool: Pool, address: Address, allowed: string) {
    super(`Cannot reserve ${describe(pool, address)}: the address must be ${allowed}`);
  }
}

function describe(pool: Pool, address: Address): string {
  return `${formatAddress(address)} on ${describeNetworkRef(pool.network)} ` +
    `(${formatSubnet(pool.subnet)}, pool ${describePool(pool)})`;
}

function describeNetworkRef({ kind, namespace, name }: NetworkRef): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

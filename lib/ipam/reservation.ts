/** What a reservation is made of. */

import type { Address } from "../net/address.ts";

/** What a node notes down before it takes an address, so that it knows after a crash what it may hold. JSON values. */
export interface Claim {
  /** Name of the AddressBlock. */
  readonly block: string;
  readonly offset: number;
  /** The address as text, for people. */
  readonly address: string;
  readonly owner: string;
}

/** An address that is held. */
export interface Reservation {
  readonly address: Address;
  /** Prefix length of the network's subnet. */
  readonly prefix: number;
  readonly claim: Claim;
}

/** What a Pod asks for. */
export type ReserveRequest = { readonly kind: "dynamic" } | { readonly kind: "static"; readonly address: Address };

/** Who reserves, and with what means. */
export interface ReserveContext {
  /** Name of the node; nodes prefer different blocks. */
  readonly node: string;
  /** Written by {@link formatOwner}. Holds at most one address of the pool: earlier attempts are released before. */
  readonly owner: string;
  /**
   * Makes `claim` survive a crash. Called, and awaited, before each attempt to take an address; it replaces the claim
   * before it, which was refused.
   */
  readonly intend: (claim: Claim) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1); default Math.random. */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

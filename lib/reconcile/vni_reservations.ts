/** Which VLAN and VXLAN numbers are held for networks that are not there. */

import type { AddressBlock } from "../api/address_block.ts";
import { parseVniOwner } from "../admit/vni_owner.ts";

/** A number that may be released. */
export interface StaleReservation {
  /** Name of the AddressBlock. */
  readonly block: string;
  readonly offset: number;
  readonly owner: string;
}

/** What is known when reservations are judged. */
export interface ReservationKnowledge {
  /** Owners that the annotations of TenantNetworks name, read after the blocks were. */
  readonly owners: ReadonlySet<string>;
  /** Owners whose network was there and is gone for good. */
  readonly gone: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long an admission may be on its way, clocks that differ included, in milliseconds. */
  readonly graceMs: number;
}

/**
 * The numbers of `blocks` whose network is gone, or never came: its admission was refused later, or the webhook was
 * killed between taking the number and answering. Owners that this cannot read are left alone. A `named` reservation is
 * of no use once its admission is over: whoever looks for a free number sees the network itself.
 */
export function staleReservations(
  blocks: readonly AddressBlock[],
  { owners, gone, now, graceMs }: ReservationKnowledge,
): StaleReservation[] {
  return blocks.filter(({ spec }) => spec.vniType !== undefined).flatMap(({ metadata, spec }) =>
    Object.entries(spec.allocations ?? {}).flatMap(([offset, owner]) => {
      const parsed = parseVniOwner(owner);
      if (parsed === undefined || owners.has(owner)) return [];
      const isOver = gone.has(owner) || now - parsed.takenAt * 1000 > graceMs;
      return isOver ? [{ block: metadata.name, offset: Number(offset), owner }] : [];
    })
  );
}

/** Gives a TenantNetwork a device, and a number if the device's profile has numbers. */

import type { HostDevice } from "../api/tenant_config.ts";
import type { Segment } from "../admit/network_review.ts";
import { rangesOf } from "../admit/tenant_config_rules.ts";
import { nextFreeVni, vniHolders, type VniSpace } from "../admit/vni_block.ts";
import type { VniRange } from "../net/vni.ts";
import type { VniStore } from "./vni_store.ts";

/** A device, with a number on it or without. */
export interface Placement {
  readonly device: string;
  readonly segment?: Segment;
}

/** Which numbers networks use already, whoever gave them. */
export type InUse = (segment: Segment) => boolean;

/** Finds places for networks. */
export interface VniReserver {
  /**
   * The first of `profiles` that has room, and the next free number of its range, taken for `owner`. The same owner gets
   * the same number again. Undefined when no profile has a free number.
   */
  reserve(
    profiles: readonly HostDevice[],
    inUse: InUse,
    owner: string,
    signal: AbortSignal,
  ): Promise<Placement | undefined>;
  /** What `reserve()` would answer, taking nothing. */
  preview(profiles: readonly HostDevice[], inUse: InUse, signal: AbortSignal): Promise<Placement | undefined>;
}

/** Somebody who waits for a number of a space. */
interface Waiting {
  readonly ranges: readonly VniRange[];
  readonly inUse: InUse;
  readonly owner: string;
  readonly signal: AbortSignal;
  resolve(segment: Segment | undefined): void;
  reject(reason: unknown): void;
}

/** How long one round may take, in milliseconds; whoever waits has a deadline of his own. */
const ROUND_MS = 10_000;

/**
 * A reserver over `store`. All requests of one process that wait for numbers of one device are served together, by one
 * read and one write: they all want the lowest free number. With other processes the API server decides.
 */
export function createVniReserver(store: VniStore): VniReserver {
  const lines = new Map<string, Waiting[]>();

  function wait(space: VniSpace, asked: Omit<Waiting, "resolve" | "reject">): Promise<Segment | undefined> {
    const { promise, ...settle } = Promise.withResolvers<Segment | undefined>();
    const key = `${space.type} ${space.device}`;
    const line = lines.get(key);
    const waiting = { ...asked, ...settle };
    if (line !== undefined) {
      line.push(waiting);
    } else {
      lines.set(key, [waiting]);
      void serve(space, key);
    }
    return promise;
  }

  async function serve(space: VniSpace, key: string): Promise<void> {
    const line = lines.get(key) ?? [];
    while (line.length > 0) {
      const round = line.splice(0);
      try {
        line.push(...await serveRound(store, space, round));
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    lines.delete(key);
  }

  async function place(
    profiles: readonly HostDevice[],
    find: (profile: HostDevice, space: VniSpace) => Promise<Segment | undefined>,
  ): Promise<Placement | undefined> {
    for (const profile of profiles) {
      const { name: device, vniType: type } = profile;
      if (type === undefined) return { device };
      const segment = await find(profile, { device, type });
      if (segment) return { device, segment };
    }
    return undefined;
  }

  return {
    reserve: (profiles, inUse, owner, signal) =>
      place(profiles, (profile, space) => wait(space, { ranges: rangesOf(profile) ?? [], inUse, owner, signal })),
    preview: (profiles, inUse, signal) =>
      place(profiles, async (profile, space) => {
        const holders = vniHolders(space, await store.list(space, signal));
        const isTaken = (vni: number) => holders.has(vni) || inUse({ ...space, vni });
        const vni = nextFreeVni(rangesOf(profile) ?? [], isTaken);
        return vni === undefined ? undefined : { ...space, vni };
      }),
  };
}

/** Serves all of `round` at once. Resolves to those whose number somebody else was faster to take. */
async function serveRound(store: VniStore, space: VniSpace, round: readonly Waiting[]): Promise<Waiting[]> {
  const signal = AbortSignal.timeout(ROUND_MS);
  const holders = vniHolders(space, await store.list(space, signal));
  const numberOf = new Map([...holders].map(([vni, owner]) => [owner, vni]));
  const wanted = new Map<number, Waiting>();
  for (const waiting of round) {
    const { ranges, inUse, owner, resolve, reject } = waiting;
    if (waiting.signal.aborted) {
      reject(waiting.signal.reason); // nobody would hear which number it got
      continue;
    }
    const own = numberOf.get(owner);
    const isTaken = (vni: number) => holders.has(vni) || wanted.has(vni) || inUse({ ...space, vni });
    const vni = own ?? nextFreeVni(ranges, isTaken);
    if (own !== undefined || vni === undefined) resolve(vni === undefined ? undefined : { ...space, vni });
    else wanted.set(vni, waiting);
  }
  const owners = new Map([...wanted].map(([vni, { owner }]) => [vni, owner]));
  const taken = await store.take(space, owners, signal);
  for (const [vni, { resolve }] of wanted) {
    if (taken.has(vni)) resolve({ ...space, vni });
  }
  return [...wanted].filter(([vni]) => !taken.has(vni)).map(([, waiting]) => waiting);
}

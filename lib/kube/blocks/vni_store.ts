/** The VLAN and VXLAN numbers that networks hold, as AddressBlock objects of an API server. */

import type { AddressBlock } from "../../api/address_block.ts";
import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { Segment } from "../../admit/network_review.ts";
import {
  type HeldVni,
  vniBlock,
  vniBlockBase,
  vniBlockName,
  type VniSpace,
  vniSpaceLabel,
  vniSpaceOf,
} from "../../admit/vni_block.ts";
import type { KubeClient } from "../client/client.ts";
import { isInvalid, isNotFound } from "../client/kube_error.ts";
import { listAll } from "../client/list_all.ts";
import { createNumberBlocks, isInvalidOrNotFound, outcomeOf, releasePatch, takePatch } from "./number_blocks.ts";

/** A number, and who is to have it. */
export interface VniRequest {
  readonly segment: Segment;
  readonly owner: string;
}

/** Where numbers are kept. Every write may be repeated when its answer was lost. Rejects as the client does. */
export interface VniStore {
  /** All blocks of numbers, as of now. */
  list(signal: AbortSignal): Promise<readonly AddressBlock[]>;
  /** Who holds the number of `segment`; undefined when nobody does. */
  holder(segment: Segment, signal: AbortSignal): Promise<string | undefined>;
  /** Takes each number for its owner. Resolves to the owners that hold theirs now, also from before. */
  take(requests: readonly VniRequest[], signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Releases each number if its owner still holds it. */
  release(held: readonly HeldVni[], signal: AbortSignal): Promise<void>;
}

/** A request with the place in a block that it is about. */
interface Placed extends VniRequest {
  readonly space: VniSpace;
  readonly base: number;
  readonly block: string;
  readonly offset: number;
}

/** The store of the AddressBlocks of `group`. Of one block all is written at once: writers of one object wait in line. */
export function createVniStore(client: KubeClient, group: ApiGroup): VniStore {
  const numbers = createNumberBlocks(client, group);

  /** The owners that hold what they ask for. When one number is taken the server refuses all, and each is tried alone. */
  async function takeInBlock(requests: readonly Placed[], signal: AbortSignal): Promise<string[]> {
    const [{ block, space, base }] = requests as readonly [Placed];
    const takeAll = () => numbers.patch(block, takePatch(ownersOf(requests)), signal);
    const first = await outcomeOf(takeAll(), isInvalidOrNotFound);
    if (first.answer) return requests.map(({ owner }) => owner);
    if (isNotFound(first.refusal)) {
      await numbers.create(vniBlock(space, base, group), signal);
      if ((await outcomeOf(takeAll(), isInvalid)).answer) return requests.map(({ owner }) => owner);
    }
    const holders: string[] = [];
    for (const { offset, owner } of requests) {
      const { spec } = await numbers.take(block, offset, owner, signal);
      if (spec.allocations?.[offset] === owner) holders.push(owner);
    }
    return holders;
  }

  return {
    list: (signal) =>
      listAll<AddressBlock>(client, resourceFor("AddressBlock", group), {
        labelSelector: vniSpaceLabel(group),
        signal,
      }),

    async holder(segment, signal) {
      const { block, offset } = place({ segment, owner: "" });
      return (await numbers.read(block, signal))?.spec.allocations?.[offset];
    },

    async take(requests, signal) {
      const byBlock = Map.groupBy(requests.map(place), ({ block }) => block);
      const holders = await Promise.all([...byBlock.values()].map((part) => takeInBlock(part, signal)));
      return new Set(holders.flat());
    },

    async release(held, signal) {
      await Promise.all([...Map.groupBy(held, ({ block }) => block)].map(async ([block, part]) => {
        const releaseAll = numbers.patch(block, releasePatch(ownersOf(part)), signal);
        const { answer, refusal } = await outcomeOf(releaseAll, isInvalidOrNotFound);
        if (answer || !isInvalid(refusal)) return;
        for (const { offset, owner } of part) await numbers.release(block, offset, owner, signal);
      }));
    },
  };
}

function place(request: VniRequest): Placed {
  const space = vniSpaceOf(request.segment);
  const base = vniBlockBase(request.segment.vni);
  return { ...request, space, base, block: vniBlockName(space, base), offset: request.segment.vni - base };
}

function ownersOf(held: readonly Pick<HeldVni, "offset" | "owner">[]): Record<string, string> {
  return Object.fromEntries(held.map(({ offset, owner }) => [offset, owner]));
}

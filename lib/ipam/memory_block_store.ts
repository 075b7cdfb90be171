/** The blocks of a test that needs no API server. */

import { type Block, blockName, type BlockSpace } from "./block.ts";
import type { BlockStore } from "./block_store.ts";

interface Entry {
  readonly space: BlockSpace;
  readonly block: Block;
}

/** A store in memory, and what a test may look at. */
export interface MemoryBlockStore extends BlockStore {
  /** All blocks as they are now. */
  all(): readonly Block[];
}

export interface MemoryOptions {
  /**
   * Awaited before every operation; the operation itself is then done at once, so a test decides the order in which
   * concurrent ones take place by resolving these.
   */
  readonly turn?: () => Promise<void>;
  /** Whether what may be of any age is as it was before its last change. */
  readonly isLate?: boolean;
}

/** Makes an empty store. What may be as of an earlier moment is as of the earliest. */
export function createMemoryBlockStore(
  { turn = () => Promise.resolve(), isLate = false }: MemoryOptions = {},
): MemoryBlockStore {
  const entries = new Map<string, Entry>();
  /** What there was at each version. */
  const past: ReadonlyMap<string, Entry>[] = [new Map()];

  async function begin(signal: AbortSignal): Promise<void> {
    await turn();
    signal.throwIfAborted();
  }

  function put(space: BlockSpace, unversioned: Block): Block {
    const block = { ...unversioned, version: String(past.length) };
    entries.set(block.name, { space, block });
    past.push(new Map(entries));
    return block;
  }

  function change(name: string, changes: Partial<Block>): Block {
    const { space, block } = entries.get(name)!;
    return put(space, { ...block, ...changes });
  }

  function ofSpace({ network, family }: BlockSpace, version: string): Block[] {
    return [...past[Number(version)]!.values()]
      .filter(({ space }) => space.network.uid === network.uid && space.family === family)
      .map(({ block }) => block)
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  return {
    all: () => [...entries.values()].map(({ block }) => block),
    async read(name, signal, age = "latest") {
      await begin(signal);
      const block = entries.get(name)?.block;
      return block && isLate && age === "any" ? past[Number(block.version) - 1]!.get(name)?.block : block;
    },
    async create({ space, base, size, taken, isSuccessor }, signal) {
      await begin(signal);
      const name = blockName(space, base);
      if (!entries.has(name)) {
        const allocations = taken ? { [taken.offset]: taken.owner } : {};
        put(space, { name, base, size, allocations, released: {}, version: "", ...(isSuccessor && { isSuccessor }) });
      }
      return entries.get(name)!.block;
    },
    async take(name, offset, owner, signal, { forget = [], full, settled } = {}) {
      await begin(signal);
      const block = entries.get(name)?.block;
      if (!block || offset >= block.size) throw new RangeError(`Cannot take ${offset} of ${name}: it does not exist`);
      if (block.allocations[offset] !== undefined) return block;
      const { space } = entries.get(name)!;
      const { isSuccessor, ...rest } = block;
      return put(space, {
        ...rest,
        ...(isSuccessor && !settled && { isSuccessor }),
        allocations: { ...block.allocations, [offset]: owner },
        released: without(block.released, offset, ...forget),
        ...(full?.block.version === block.version && { fullFor: full.poolKey }),
      });
    },
    async release(name, offset, owner, at, signal) {
      await begin(signal);
      const block = entries.get(name)?.block;
      if (block?.allocations[offset] !== owner) return;
      const { fullFor: _, ...rest } = block;
      entries.set(name, { ...entries.get(name)!, block: rest });
      change(name, {
        allocations: without(block.allocations, offset),
        released: { ...block.released, [offset]: at.toISOString() },
      });
    },
    async markFull(block, poolKey, signal) {
      await begin(signal);
      if (entries.get(block.name)?.block.version === block.version) change(block.name, { fullFor: poolKey });
    },
    async markComplete(name, poolKey, signal) {
      await begin(signal);
      change(name, { completeFor: poolKey });
    },
    async listFree(space, poolKey, { limit, next, asOf }, signal) {
      await begin(signal);
      const [version, after] = next?.split("/") ?? [asOf?.version ?? String(past.length - 1), ""];
      const rest = ofSpace(space, version!).filter(({ name, fullFor }) => fullFor !== poolKey && name > after!);
      const blocks = rest.slice(0, limit);
      return { blocks, ...(rest.length > limit && { next: `${version}/${blocks.at(-1)!.name}` }) };
    },
    async listBefore({ network, family }, signal) {
      await begin(signal);
      const isBefore = ({ space }: Entry) =>
        space.family === family && space.network.uid !== network.uid && space.network.kind === network.kind &&
        space.network.namespace === network.namespace && space.network.name === network.name;
      return [...entries.values()].filter(isBefore).map(({ block }) => block);
    },
    async sizes(space, asOf, signal) {
      await begin(signal);
      return new Map(ofSpace(space, asOf.version).map(({ name, size }) => [name, size]));
    },
  };
}

function without(values: Block["allocations"], ...offsets: readonly number[]): Block["allocations"] {
  return Object.fromEntries(Object.entries(values).filter(([offset]) => !offsets.includes(Number(offset))));
}

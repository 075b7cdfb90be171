import type { Block, BlockSpace } from "./block.ts";

/** A block to be made. */
export interface NewBlock {
  readonly space: BlockSpace;
  readonly base: bigint;
  readonly size: number;
  /** The one number of it that is taken from the start. */
  readonly taken?: { readonly offset: number; readonly owner: string };
  /** See {@link Block.isSuccessor}. */
  readonly isSuccessor?: true;
}

/** Which page of a list. */
export interface PageRequest {
  /** Blocks it may hold. */
  readonly limit: number;
  /** `next` of the page before; absent for the first. */
  readonly next?: string;
  /**
   * For the first page: the list need not be newer than this block as it was read. The API server then need not make
   * sure that it knows the latest, which it does ten times a second. A number that was taken and released since looks
   * as if it never was; the lists of an API server are late by less time than that takes.
   */
  readonly asOf?: Block;
}

/** What is noted on a block in one step with the taking of a number. */
export interface TakeNotes {
  /** Offsets whose release needs to be noted no longer. */
  readonly forget?: readonly number[];
  /** That the block is full with this, for the pool state `poolKey`; left out when `block` has changed since it was read. */
  readonly full?: { readonly block: Block; readonly poolKey: string };
  /** That deleted networks of the same name have no numbers of its group any more: see {@link Block.isSuccessor}. */
  readonly settled?: true;
}

/**
 * How old what is read may be: nothing that was answered before the read began is missing from `latest`; `any` costs
 * less and is good enough to look for something that is then written, which is when it shows.
 */
export type Age = "latest" | "any";

/** Some of the blocks of a space; `next` asks for more of them, absent when these were the last. */
export interface BlockPage {
  readonly blocks: readonly Block[];
  readonly next?: string;
}

/**
 * Where blocks live. Declared by the code that needs it; implemented over the API server in `kube/` and in memory for
 * tests, both held to `block_store_conformance.ts`.
 *
 * All reads see every write that was answered before they began, except where an {@link Age} or an `asOf` says otherwise.
 * Every write may be repeated when its answer was lost.
 */
export interface BlockStore {
  /** The block, or undefined when it was never made; the latest unless `age` says otherwise. */
  read(name: string, signal: AbortSignal, age?: Age): Promise<Block | undefined>;

  /** Makes a block. Resolves to the block as it is now, which may be one that somebody else made before. */
  create(block: NewBlock, signal: AbortSignal): Promise<Block>;

  /**
   * Takes `offset` for `owner`, unless another owner holds it; then nothing is changed. Resolves to the block as it is
   * right after that: its allocations say who holds the number.
   */
  take(name: string, offset: number, owner: string, signal: AbortSignal, notes?: TakeNotes): Promise<Block>;

  /**
   * Releases `offset` at time `at` if `owner` holds it, and the block is full no more; anything else is left as it is,
   * a block that does not exist included.
   */
  release(name: string, offset: number, owner: string, at: Date, signal: AbortSignal): Promise<void>;

  /** Notes that `block` is full for the pool state `poolKey`, unless it has changed since it was read. */
  markFull(block: Block, poolKey: string, signal: AbortSignal): Promise<void>;

  /** Notes on the block `name` that every block of the pool state `poolKey` exists. */
  markComplete(name: string, poolKey: string, signal: AbortSignal): Promise<void>;

  /**
   * Blocks of `space` that are not marked full for `poolKey`. All pages of one list are as of one moment: between the
   * call for the first page and its answer, unless an `asOf` lets it be earlier.
   */
  listFree(space: BlockSpace, poolKey: string, page: PageRequest, signal: AbortSignal): Promise<BlockPage>;

  /**
   * The blocks of deleted networks that had the kind, namespace and name of the network of `space`, for its family;
   * those without a taken number may be missing.
   */
  listBefore(space: BlockSpace, signal: AbortSignal): Promise<readonly Block[]>;

  /** Size of every block of `space`, by name; of those that existed when `asOf` was as it was read, at least. */
  sizes(space: BlockSpace, asOf: Block, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
}

/** The blocks of all networks, as AddressBlock objects of an API server. */

import type { AddressBlock } from "../../api/address_block.ts";
import type { ObjectMeta } from "../../api/kube_object.ts";
import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { Block } from "../../ipam/block.ts";
import type { Age, BlockPage, BlockStore } from "../../ipam/block_store.ts";
import { blockKeys, blockObject, blockOf, blockSelector, blockSizeOf, selectBefore } from "./block_object.ts";
import type { KubeClient } from "../client/client.ts";
import { isAlreadyExists, isConflict, isInvalid, isNotFound, type KubeError } from "../client/kube_error.ts";
import { listAll } from "../client/list_all.ts";
import { jsonPointer, type Patch } from "../client/patch.ts";

/** Objects per page when only their metadata is asked for. */
const METADATA_PAGE = 10_000;

/**
 * Attempts to take a number before the refusal is the answer, when each time nobody turns out to hold it: a number that
 * changes hands quickly may have been released again three times in a row, but hardly ten times.
 */
const TAKE_ATTEMPTS = 10;

/**
 * Without this in a write the server records who set which of hundreds of keys; emptying the record doubles the writes
 * per second. Source: Kubernetes API concepts, "Clearing managedFields".
 */
const NO_MANAGED_FIELDS = [{}];

/** The store of the AddressBlocks of `group`. Rejects as `client` does, beyond what {@link BlockStore} promises. */
export function createBlockStore(client: KubeClient, group: ApiGroup): BlockStore {
  const blocks = resourceFor("AddressBlock", group);
  const keys = blockKeys(group);

  async function read(name: string, signal: AbortSignal, age: Age = "latest"): Promise<Block | undefined> {
    const request = client.get<AddressBlock>({ ...blocks, name }, { signal, anyVersion: age === "any" });
    const { answer } = await outcomeOf(request, isNotFound);
    return answer && blockOf(answer, group);
  }

  async function patch(name: string, patch: Patch, signal: AbortSignal): Promise<Block> {
    return blockOf(await client.patch<AddressBlock>({ ...blocks, name }, patch, { signal, idempotent: true }), group);
  }

  /** Metadata that marks `block` as full; refused with a conflict when it has changed since it was read. */
  function markOf({ version }: Block, poolKey: string) {
    return { resourceVersion: version, labels: { [keys.full]: poolKey } };
  }

  return {
    read,

    async create(block, signal) {
      const object = blockObject(block, group);
      const request = client.create<AddressBlock>(blocks, object, { signal, idempotent: true });
      const { answer } = await outcomeOf(request, isAlreadyExists);
      if (answer) return blockOf(answer, group);
      const { name } = object.metadata;
      return blockOf(await client.get<AddressBlock>({ ...blocks, name }, { signal }), group);
    },

    async take(name, offset, owner, signal, { forget = [], full, settled } = {}) {
      const done = settled ? { annotations: { [keys.successor]: null } } : {};
      if (full) {
        const mark = { ...markOf(full.block, full.poolKey), ...done };
        const fillIt = patch(name, takePatch(offset, owner, forget, mark), signal);
        const { answer } = await outcomeOf(fillIt, isConflictOrInvalid);
        if (answer) return answer;
      }
      for (let attempt = 1;; attempt++) {
        const takeIt = patch(name, takePatch(offset, owner, forget, done), signal);
        const { answer, refusal } = await outcomeOf(takeIt, isInvalid);
        if (answer) return answer;
        const block = await read(name, signal);
        if (block?.allocations[offset] !== undefined) return block;
        if (attempt === TAKE_ATTEMPTS) throw refusal; // nobody holds it, so it is the request that is wrong
      }
    },

    async release(name, offset, owner, at, signal) {
      const releaseIt = patch(name, releasePatch(offset, owner, at, keys.full), signal);
      const { refusal } = await outcomeOf(releaseIt, isInvalidOrNotFound);
      if (!refusal) return;
      if ((await read(name, signal))?.allocations[offset] === owner) throw refusal; // it was not the test that failed
    },

    async markFull(block, poolKey, signal) {
      const metadata = { ...markOf(block, poolKey), managedFields: NO_MANAGED_FIELDS };
      await outcomeOf(patch(block.name, { type: "merge", body: { metadata } }, signal), isConflict);
    },

    async markComplete(name, poolKey, signal) {
      const metadata = { annotations: { [keys.complete]: poolKey }, managedFields: NO_MANAGED_FIELDS };
      await patch(name, { type: "merge", body: { metadata } }, signal);
    },

    async listFree(space, poolKey, { limit, next, asOf }, signal): Promise<BlockPage> {
      const labelSelector = `${blockSelector(space, group)},${keys.full}!=${poolKey}`;
      const { items, metadata } = await client.list<AddressBlock>(blocks, {
        labelSelector,
        limit,
        signal,
        ...(next !== undefined && { continue: next }),
        ...(asOf && { notOlderThan: asOf.version }),
      });
      return {
        blocks: items.map((item) => blockOf(item, group)),
        ...(metadata.continue && { next: metadata.continue }),
      };
    },

    async listBefore(space, signal) {
      // All at once: the server answers a list without pages from memory, and of nearly every network there is nothing.
      const { items } = await client.list<AddressBlock>(blocks, { ...selectBefore(space, group), signal });
      return items.map((item) => blockOf(item, group));
    },

    async sizes(space, asOf, signal) {
      const labelSelector = blockSelector(space, group);
      const selection = { labelSelector, metadataOnly: true, notOlderThan: asOf.version, signal };
      const objects = await listAll<{ readonly metadata: ObjectMeta }>(client, blocks, selection, METADATA_PAGE);
      return new Map(objects.map(({ metadata }) => [metadata.name, blockSizeOf(metadata, group)]));
    },
  };
}

/** Takes `offset`: the server refuses to change the owner of one that is taken. Source: RFC 7396. */
function takePatch(offset: number, owner: string, forget: readonly number[], mark: object): Patch {
  const metadata = { ...mark, managedFields: NO_MANAGED_FIELDS };
  const released = Object.fromEntries([offset, ...forget].map((each) => [each, null]));
  return { type: "merge", body: { metadata, spec: { allocations: { [offset]: owner }, released } } };
}

/** Releases `offset` if `owner` holds it. In one step with that the block is full no more. Source: RFC 6902. */
function releasePatch(offset: number, owner: string, at: Date, fullLabel: string): Patch {
  const allocation = jsonPointer("spec", "allocations", String(offset));
  return {
    type: "json",
    operations: [
      { op: "test", path: allocation, value: owner },
      { op: "remove", path: allocation },
      { op: "add", path: jsonPointer("spec", "released", String(offset)), value: at.toISOString() },
      { op: "add", path: jsonPointer("metadata", "labels", fullLabel), value: "" },
      { op: "add", path: "/metadata/managedFields", value: NO_MANAGED_FIELDS },
    ],
  };
}

function isConflictOrInvalid(error: unknown): error is KubeError {
  return isConflict(error) || isInvalid(error);
}

function isInvalidOrNotFound(error: unknown): error is KubeError {
  return isInvalid(error) || isNotFound(error);
}

/** What came of a request: its answer, or a refusal that was to be reckoned with. */
type Outcome<Answer> =
  | { readonly answer: Answer; readonly refusal?: undefined }
  | { readonly answer?: undefined; readonly refusal: KubeError };

/** Waits for `request`, and rejects as it does unless that `isExpected`. */
async function outcomeOf<Answer>(
  request: Promise<Answer>,
  isExpected: (error: unknown) => error is KubeError,
): Promise<Outcome<Answer>> {
  try {
    return { answer: await request };
  } catch (error) {
    if (isExpected(error)) return { refusal: error };
    throw error;
  }
}

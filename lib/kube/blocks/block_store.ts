/** The blocks of all networks, as AddressBlock objects of an API server. */

import type { AddressBlock } from "../../api/address_block.ts";
import type { ObjectMeta } from "../../api/kube_object.ts";
import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { Block } from "../../ipam/block.ts";
import type { BlockPage, BlockStore } from "../../ipam/block_store.ts";
import { blockKeys, blockObject, blockOf, blockSelector, blockSizeOf, selectBefore } from "./block_object.ts";
import type { KubeClient } from "../client/client.ts";
import { isConflict, isInvalid, type KubeError } from "../client/kube_error.ts";
import { listAll } from "../client/list_all.ts";
import { jsonPointer, type Patch } from "../client/patch.ts";
import { createNumberBlocks, NO_MANAGED_FIELDS, outcomeOf, takePatch } from "./number_blocks.ts";

/** Objects per page when only their metadata is asked for. */
const METADATA_PAGE = 10_000;

/** The store of the AddressBlocks of `group`. Rejects as `client` does, beyond what {@link BlockStore} promises. */
export function createBlockStore(client: KubeClient, group: ApiGroup): BlockStore {
  const blocks = resourceFor("AddressBlock", group);
  const keys = blockKeys(group);
  const numbers = createNumberBlocks(client, group);

  async function patch(name: string, patch: Patch, signal: AbortSignal): Promise<Block> {
    return blockOf(await numbers.patch(name, patch, signal), group);
  }

  /** Metadata that marks `block` as full; refused with a conflict when it has changed since it was read. */
  function markOf({ version }: Block, poolKey: string) {
    return { resourceVersion: version, labels: { [keys.full]: poolKey } };
  }

  return {
    async read(name, signal, age = "latest") {
      const block = await numbers.read(name, signal, age === "any");
      return block && blockOf(block, group);
    },

    async create(block, signal) {
      return blockOf(await numbers.create(blockObject(block, group), signal), group);
    },

    async take(name, offset, owner, signal, { forget = [], full, settled } = {}) {
      const done = settled ? { annotations: { [keys.successor]: null } } : {};
      if (full) {
        const mark = { ...markOf(full.block, full.poolKey), ...done };
        const fillIt = patch(name, takePatch({ [offset]: owner }, forget, mark), signal);
        const { answer } = await outcomeOf(fillIt, isConflictOrInvalid);
        if (answer) return answer;
      }
      return blockOf(await numbers.take(name, offset, owner, signal, { forget, mark: done }), group);
    },

    async release(name, offset, owner, at, signal) {
      // In one step with that the block is full no more.
      await numbers.release(name, offset, owner, signal, [
        { op: "add", path: jsonPointer("spec", "released", String(offset)), value: at.toISOString() },
        { op: "add", path: jsonPointer("metadata", "labels", keys.full), value: "" },
      ]);
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

function isConflictOrInvalid(error: unknown): error is KubeError {
  return isConflict(error) || isInvalid(error);
}

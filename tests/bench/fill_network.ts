/** Fills networks with Pods that never were: blocks written whole, as the allocator would have left them. */

import type { AddressBlock } from "../../lib/api/address_block.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { blockName } from "../../lib/ipam/block.ts";
import { blockBase, blockCount, blockSizeFor, valueInBlock } from "../../lib/ipam/block_geometry.ts";
import { isFull } from "../../lib/ipam/find_free.ts";
import { isDynamic, type Pool, poolKey } from "../../lib/ipam/pool.ts";
import { blockKeys, blockObject, blockOf } from "../../lib/kube/blocks/block_object.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { measure, soon } from "./ipam_writers.ts";

const GROUP = "danm.k8s.io";
const BLOCKS = resourceFor("AddressBlock", GROUP);

/** Writers that fill. */
const WRITERS = 16;

/**
 * Takes `share` (0 to 1) of the addresses of each block of `pool`, all of which are made.
 *
 * @returns the size of the largest object, in bytes of JSON; how many there are, and how many addresses they hold
 */
export async function fillNetwork(cluster: Cluster, pool: Pool, share: number, owner: string) {
  const size = blockSizeFor(pool.range);
  const count = blockCount(pool.range, size);
  let [largest, taken] = [0, 0];
  const { failed } = await measure(cluster, WRITERS, count, async (client, index) => {
    const object = filledBlock(pool, blockBase(valueInBlock(pool.range, size, index), size), size, share, owner);
    largest = Math.max(largest, JSON.stringify(object).length);
    taken += Object.keys(object.spec.allocations ?? {}).length;
    await client.create(BLOCKS, object, { signal: soon() });
  });
  if (failed > 0) throw new Error(`Cannot fill the network: ${failed} of ${count} blocks were not made`);
  return { largest, count, taken };
}

function filledBlock(pool: Pool, base: bigint, size: number, share: number, owner: string): AddressBlock {
  const keys = blockKeys(GROUP);
  const empty = blockObject({ space: pool, base, size }, GROUP);
  const usable = Array.from({ length: size }, (_, offset) => offset)
    .filter((offset) => isDynamic(pool, base + BigInt(offset)));
  const taken = usable.slice(0, Math.ceil(usable.length * share));
  const spec = { ...empty.spec, allocations: Object.fromEntries(taken.map((offset) => [offset, owner])) };
  const isFirst = empty.metadata.name === blockName(pool, blockBase(pool.range.first, size));
  const labels = isFull(pool, blockOf({ ...empty, spec }, GROUP)) ? { [keys.full]: poolKey(pool) } : {};
  const annotations = isFirst ? { [keys.complete]: poolKey(pool) } : {};
  return {
    ...empty,
    metadata: {
      ...empty.metadata,
      labels: { ...empty.metadata.labels, ...labels },
      annotations: { ...empty.metadata.annotations, ...annotations },
    },
    spec,
  };
}

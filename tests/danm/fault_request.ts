import { openBlock } from "../../lib/ipam/open_block.ts";
import { poolOf } from "../../lib/ipam/pool.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import type { TestNode } from "../runtime/test_node.ts";
import type { FaultPoint } from "./faults.ts";

/** What a Pod asks for that is to come to `point`: an interface to a network that no other Pod has. */
export async function createFaultRequest(node: TestNode, { hasBlock = false }: FaultPoint) {
  const name = `n${crypto.randomUUID().slice(0, 8)}`;
  const allocation_pool = { start: "10.1.0.1", end: "10.1.0.8" };
  const network = await node.createNetwork(name, { cidr: "10.1.0.0/24", allocation_pool, rt_tables: 150 });
  if (hasBlock) {
    const pool = poolOf(network, 4)!;
    const store = createBlockStore(node.client, "danm.k8s.io");
    await openBlock(store, pool, pool.range.first, 16, AbortSignal.timeout(60_000));
  }
  return { network: name, ip: "dynamic", proutes: { "10.60.0.0/16": "10.1.0.100" } };
}

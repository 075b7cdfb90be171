import type { BlockSpace } from "./block.ts";
import { blockStoreCases } from "./block_store_conformance.ts";
import { createMemoryBlockStore } from "./memory_block_store.ts";

const space: BlockSpace = { network: { kind: "DanmNet", namespace: "n", name: "a", uid: "u1" }, family: 4 };

for (const isLate of [false, true]) {
  for (const { name, run } of blockStoreCases) {
    const symbol = `createMemoryBlockStore()${isLate ? " that is late" : ""}`;
    Deno.test(`${symbol} ${name}`, () => run(createMemoryBlockStore({ isLate }), space));
  }
}

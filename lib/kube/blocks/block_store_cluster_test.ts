import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AddressBlock } from "../../api/address_block.ts";
import { API_GROUPS, resourceFor } from "../../api/resource.ts";
import { type Block, blockName, type BlockSpace } from "../../ipam/block.ts";
import type { BlockStore } from "../../ipam/block_store.ts";
import { blockStoreCases } from "../../ipam/block_store_conformance.ts";
import { eventually } from "../../../tests/cluster/eventually.ts";
import type { FaultAction } from "../../../tests/cluster/fault.ts";
import { startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { installCrds } from "../../../tests/crds/install_sets.ts";
import { createBlockStore } from "./block_store.ts";
import { createClient } from "../client/client.ts";
import { isInvalid } from "../client/kube_error.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

const cluster = await sharedCluster();
const proxy = await startFaultProxy(cluster);
const client = cluster.client();
const proxied = createClient(loadKubeconfig(proxy.kubeconfig));
for (const group of API_GROUPS) await installCrds(cluster, group, "lightweight");
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  proxied[Symbol.dispose]();
  await proxy[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const BLOCKS = resourceFor("AddressBlock", "danm.k8s.io");
const NOW = new Date("2026-01-02T03:04:05.678Z");
const soon = () => AbortSignal.timeout(30_000);

function freshSpace(): BlockSpace {
  return { network: { kind: "DanmNet", namespace: "default", name: "a", uid: crypto.randomUUID() }, family: 4 };
}

for (const group of API_GROUPS) {
  for (const { name, run } of blockStoreCases) {
    Deno.test(`createBlockStore() of ${group}: ${name}`, () => run(createBlockStore(client, group), freshSpace()));
  }
}

Deno.test("createBlockStore() writes blocks that people and selectors can read", async () => {
  const store = createBlockStore(client, "danm.k8s.io");
  const space: BlockSpace = { ...freshSpace(), family: 6 };
  const { name } = await store.create({ space, base: 0x20010db8n << 96n, size: 64 }, soon());
  await store.take(name, 5, "owner", soon());
  const object = await client.get<AddressBlock & { metadata: { managedFields?: unknown } }>({ ...BLOCKS, name }, {
    signal: soon(),
  });
  assertEquals(name, `${space.network.uid}-6-20010db8000000000000000000000000`);
  assertEquals(object.metadata.labels, {
    "danm.k8s.io/network-uid": space.network.uid,
    "danm.k8s.io/family": "IPv6",
  });
  assertEquals(object.spec, {
    network: space.network,
    family: "IPv6",
    base: "2001:db8::",
    size: 64,
    allocations: { "5": "owner" },
    released: {},
  });
  assertEquals(object.metadata.managedFields, undefined);
});

Deno.test("createBlockStore() rejects when the server refuses a number that nobody holds", async () => {
  const store = createBlockStore(client, "danm.k8s.io");
  const { name } = await store.create({ space: freshSpace(), base: 0n, size: 16 }, soon());
  const tooLong = "x".repeat(201);
  assert(isInvalid(await assertRejects(() => store.take(name, 0, tooLong, soon()))));
});

Deno.test("createBlockStore() sizes() rejects rather than guess the size of a block that does not say it", async () => {
  const store = createBlockStore(client, "danm.k8s.io");
  const space = freshSpace();
  const { name } = await store.create({ space, base: 0n, size: 16 }, soon());
  const body = { metadata: { annotations: { "danm.k8s.io/size": null } } };
  await client.patch({ ...BLOCKS, name }, { type: "merge", body }, { signal: soon() });
  const block = (await store.read(name, soon()))!;
  await assertRejects(
    () => store.sizes(space, block, soon()),
    TypeError,
    "annotation danm.k8s.io/size must be its size",
  );
});

/** What the API server, or the network before it, may do to a write. */
const FAULTS: readonly FaultAction[] = [
  { kind: "dropBefore" },
  { kind: "dropAfter" },
  { kind: "answer", status: 409, reason: "Conflict" },
  { kind: "answer", status: 429, reason: "TooManyRequests", retryAfterS: 0 },
  { kind: "answer", status: 500, reason: "InternalError" },
  { kind: "answer", status: 503, reason: "ServiceUnavailable" },
];

interface Write {
  readonly name: string;
  /** Done on a block in which `a` holds 1, with the fault in its way. */
  readonly run: (store: BlockStore, block: Block) => Promise<unknown>;
  readonly after: Pick<Block, "allocations" | "released">;
}

const UNTOUCHED = { allocations: { 1: "a" }, released: {} };

const WRITES: readonly Write[] = [
  {
    name: "take()",
    run: async (store, { name }) => assertEquals((await store.take(name, 2, "b", soon())).allocations[2], "b"),
    after: { allocations: { 1: "a", 2: "b" }, released: {} },
  },
  {
    name: "take() of a number that is taken",
    run: async (store, { name }) => assertEquals((await store.take(name, 1, "b", soon())).allocations[1], "a"),
    after: UNTOUCHED,
  },
  {
    name: "release()",
    run: (store, { name }) => store.release(name, 1, "a", NOW, soon()),
    after: { allocations: {}, released: { 1: NOW.toISOString() } },
  },
  {
    name: "release() of what another holds",
    run: (store, { name }) => store.release(name, 1, "b", NOW, soon()),
    after: UNTOUCHED,
  },
  {
    name: "markComplete()",
    run: (store, { name }) => store.markComplete(name, "pool", soon()),
    after: UNTOUCHED,
  },
];

for (const action of FAULTS) {
  const fault = action.kind === "answer" ? `answer ${action.status}` : action.kind;
  for (const { name, run, after } of WRITES) {
    Deno.test(`createBlockStore() ${name} succeeds in spite of ${fault}`, async () => {
      const store = createBlockStore(proxied, "danm.k8s.io");
      proxy.reset();
      const { name } = await store.create({ space: freshSpace(), base: 0n, size: 16 }, soon());
      const block = await store.take(name, 1, "a", soon());
      proxy.reset();
      proxy.inject({ method: "PATCH", nth: 1, action });
      await run(store, block);
      assert(proxy.count({ method: "PATCH" }) >= 2, "the fault was met");
      const { allocations, released } = (await store.read(name, soon()))!;
      assertEquals({ allocations, released }, after);
    });
  }

  if (action.kind === "answer" && action.status === 409) continue; // to a create that means AlreadyExists
  Deno.test(`createBlockStore() create() succeeds in spite of ${fault}`, async () => {
    const store = createBlockStore(proxied, "danm.k8s.io");
    const space = freshSpace();
    proxy.reset();
    proxy.inject({ method: "POST", nth: 1, action });
    const block = await store.create({ space, base: 0n, size: 16 }, soon());
    assert(proxy.count({ method: "POST" }) >= 2, "the fault was met");
    assertEquals([block.name, block.size], [blockName(space, 0n), 16]);
  });

  Deno.test(`createBlockStore() markFull() never marks a changed block in spite of ${fault}`, async () => {
    const store = createBlockStore(proxied, "danm.k8s.io");
    proxy.reset();
    const { name } = await store.create({ space: freshSpace(), base: 0n, size: 16 }, soon());
    const full = await store.take(name, 1, "a", soon());
    await store.release(name, 1, "a", NOW, soon());
    proxy.reset();
    proxy.inject({ method: "PATCH", nth: 1, action });
    await store.markFull(full, "pool", soon());
    assertEquals((await store.read(name, soon()))?.fullFor, undefined);
  });
}

Deno.test("createBlockStore() read() leaves etcd alone when any age will do", async () => {
  const store = createBlockStore(proxied, "danm.k8s.io");
  const { name } = await store.create({ space: freshSpace(), base: 0n, size: 16 }, soon());
  proxy.reset();
  await store.read(name, soon());
  await eventually("read it from the cache", () => store.read(name, soon(), "any"));
  const queries = proxy.requests.map(({ path }) => path.split(name)[1]);
  assertEquals([queries[0], ...new Set(queries.slice(1))], ["", "?resourceVersion=0"]);
});

Deno.test("createBlockStore() take() tries again when a refusal turns out to be about nobody", async () => {
  const store = createBlockStore(proxied, "danm.k8s.io");
  proxy.reset();
  const { name } = await store.create({ space: freshSpace(), base: 0n, size: 16 }, soon());
  proxy.inject({ method: "PATCH", nth: 1, action: { kind: "answer", status: 422, reason: "Invalid" } });
  assertEquals((await store.take(name, 1, "a", soon())).allocations, { 1: "a" });
});

/** Reserving addresses from a real API server, by many writers at once. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AddressBlock } from "../../api/address_block.ts";
import type { Network, NetworkOptions } from "../../api/network.ts";
import { resourceFor } from "../../api/resource.ts";
import type { BlockStore } from "../../ipam/block_store.ts";
import { formatOwner } from "../../ipam/owner.ts";
import { type Pool, poolOf } from "../../ipam/pool.ts";
import { releaseAddress, releaseClaim } from "../../ipam/release_address.ts";
import type { Claim, Reservation, ReserveRequest } from "../../ipam/reservation.ts";
import { reserveAddress } from "../../ipam/reserve_address.ts";
import { AddressTakenError, PoolExhaustedError } from "../../ipam/reserve_error.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { startCluster } from "../../../tests/cluster/start_cluster.ts";
import { installCrds } from "../../../tests/crds/install_sets.ts";
import { createBlockStore } from "./block_store.ts";
import { createClient, type KubeClient } from "../client/client.ts";
import { KubeUnreachableError } from "../client/kube_error.ts";
import { listAll } from "../client/list_all.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

const cluster = await sharedCluster();
const client = cluster.client();
const direct = createBlockStore(client, "danm.k8s.io");
await installCrds(cluster, "danm.k8s.io", "lightweight");
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const DYNAMIC: ReserveRequest = { kind: "dynamic" };
const soon = () => AbortSignal.timeout(120_000);

/** A network that exists for the blocks only: they refer to it by UID. */
function freshPool(options: NetworkOptions): Pool {
  const network: Network = {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { name: "a", namespace: "default", uid: crypto.randomUUID() },
    spec: { Options: options },
  };
  return poolOf(network, options.cidr === undefined ? 6 : 4)!;
}

function freshOwner(): string {
  const containerId = (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");
  return formatOwner({ podUid: crypto.randomUUID(), containerId, interfaceIndex: 0 });
}

/** Reserves an address for a new owner. */
async function reserve(
  store: BlockStore,
  pool: Pool,
  node: string,
  request: ReserveRequest = DYNAMIC,
  intend: (claim: Claim) => void = () => {},
): Promise<Reservation> {
  return await reserveAddress(store, pool, request, {
    node,
    owner: freshOwner(),
    intend: (claim) => Promise.resolve(intend(claim)),
    now: Date.now,
    signal: soon(),
  });
}

/** Runs `task` for each of `count` numbers, by `writers` at a time that have connections of their own. */
async function byWriters<T>(
  { writers, count, kubeconfig = cluster.kubeconfig }: { writers: number; count: number; kubeconfig?: string },
  task: (store: BlockStore, index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: writers }, async () => {
    using own = createClient(loadKubeconfig(kubeconfig));
    const store = createBlockStore(own, "danm.k8s.io");
    while (next < count) {
      const index = next++;
      results[index] = await task(store, index);
    }
  }));
  return results;
}

/** All that is taken of the network, as the API server tells it: `address owner`. */
async function taken(pool: Pool, from: KubeClient = client): Promise<string[]> {
  const labelSelector = `danm.k8s.io/network-uid=${pool.network.uid}`;
  const blocks = resourceFor("AddressBlock", "danm.k8s.io");
  const objects = await listAll<AddressBlock>(from, blocks, { labelSelector, signal: soon() });
  return objects.flatMap(({ spec }) => {
    const base = parseAddress(spec.base)!;
    return Object.entries(spec.allocations ?? {}).map(([offset, owner]) =>
      `${formatAddress({ ...base, value: base.value + BigInt(offset) })} ${owner}`
    );
  }).sort();
}

function given(reservations: readonly Reservation[]): string[] {
  return reservations.map(({ address, claim }) => `${formatAddress(address)} ${claim.owner}`).sort();
}

for (
  const [options, count, writers, nodes] of [
    [{ cidr: "10.0.0.0/24" }, 254, 32, 1],
    [{ cidr: "10.0.0.0/24" }, 254, 64, 8],
    [{ net6: "2001:db8::/122" }, 62, 16, 4],
    [{ cidr: "10.0.0.0/31" }, 2, 2, 2],
  ] as const
) {
  Deno.test(`reserveAddress() gives ${writers} writers all ${count} addresses of ${JSON.stringify(options)}`, async () => {
    const pool = freshPool(options);
    const take = (store: BlockStore, index: number) => reserve(store, pool, `node-${index % nodes}`);
    const ends = await byWriters({ writers, count }, take);
    assertEquals(await taken(pool), given(ends));
    assertEquals(new Set(ends.map(({ claim }) => claim.address)).size, count);
    await assertRejects(() => take(direct, 0), PoolExhaustedError);
  });
}

Deno.test("reserveAddress() gives all addresses of a pool again after all were released at once", async () => {
  const [pool, all] = [freshPool({ cidr: "10.0.0.0/26" }), { writers: 16, count: 62 }];
  const first = await byWriters(all, (store, index) => reserve(store, pool, `node-${index % 3}`));
  await byWriters(all, (store, index) => releaseClaim(store, first[index]!.claim, new Date(), soon()));
  assertEquals(await taken(pool), []);
  const second = await byWriters(all, (store, index) => reserve(store, pool, `node-${index % 3}`));
  assertEquals(await taken(pool), given(second));
  await byWriters(all, (store, index) => releaseClaim(store, first[index]!.claim, new Date(), soon()));
  assertEquals(await taken(pool), given(second), "an old owner releases nothing");
});

Deno.test("reserveAddress() gives a static address to one of many writers and tells the others who has it", async () => {
  const pool = freshPool({ cidr: "10.0.0.0/24", allocation_pool: { end: "10.0.0.99" } });
  for (const address of ["10.0.0.50", "10.0.0.200"]) {
    const request = { kind: "static", address: parseAddress(address)! } as const;
    const ends = await byWriters(
      { writers: 16, count: 16 },
      (store, index) => reserve(store, pool, `node-${index}`, request).catch((error) => error),
    );
    const winners = ends.filter((end) => !(end instanceof Error));
    const others = ends.filter((end) => end instanceof AddressTakenError);
    assertEquals([winners.length, others.length], [1, 15]);
    assertEquals([...new Set(others.map(({ owner }) => owner))], [winners[0].claim.owner]);
  }
});

Deno.test("reserveAddress() keeps one owner per address while 24 writers take and release at random", async () => {
  const pool = freshPool({ cidr: "10.0.0.0/26" });
  for (let round = 0; round < 3; round++) {
    const ends = await byWriters({ writers: 24, count: 96 }, async (store, index) => {
      const value = pool.subnet.base + BigInt(1 + Math.floor(Math.random() * 62));
      const request = Math.random() < 0.2 ? { kind: "static", address: { family: 4, value } } as const : DYNAMIC;
      try {
        const reservation = await reserve(store, pool, `node-${index % 5}`, request);
        if (Math.random() < 0.5) return reservation;
        await releaseClaim(store, reservation.claim, new Date(), soon());
      } catch (error) {
        assert(error instanceof AddressTakenError || error instanceof PoolExhaustedError, String(error));
      }
    });
    const held = ends.filter((end) => end !== undefined);
    assertEquals(await taken(pool), given(held), `round ${round}`);
    await byWriters({ writers: 24, count: held.length }, async (store, index) => {
      const { address, claim } = held[index]!;
      await releaseAddress(store, pool.network, address, claim.owner, new Date(), soon());
    });
    assertEquals(await taken(pool), []);
  }
});

/** What may befall any request, and what may befall a patch. */
const ANY_FAULTS = [
  { kind: "dropAfter" },
  { kind: "dropBefore" },
  { kind: "answer", status: 429, reason: "TooManyRequests", retryAfterS: 0 },
  { kind: "answer", status: 500, reason: "InternalError" },
] as const;
const PATCH_FAULTS = [
  { kind: "answer", status: 409, reason: "Conflict" },
  { kind: "answer", status: 422, reason: "Invalid" },
] as const;

Deno.test("reserveAddress() loses nothing when answers get lost, servers are busy and writes fail", async () => {
  await using proxy = await startFaultProxy(cluster);
  for (let nth = 1; nth < 300; nth += 3) proxy.inject({ nth, action: ANY_FAULTS[nth % ANY_FAULTS.length]! });
  for (let nth = 1; nth < 60; nth += 5) {
    proxy.inject({ method: "PATCH", nth, action: PATCH_FAULTS[nth % PATCH_FAULTS.length]! });
  }
  const [pool, all] = [freshPool({ cidr: "10.0.0.0/27" }), { writers: 8, count: 30, kubeconfig: proxy.kubeconfig }];
  const ends = await byWriters(all, (store, index) => reserve(store, pool, `node-${index % 2}`));
  assertEquals(await taken(pool), given(ends));
  await byWriters(all, (store, index) => releaseClaim(store, ends[index]!.claim, new Date(), soon()));
  assertEquals(await taken(pool), []);
});

Deno.test("reserveAddress() leaves only what was intended when the API server is killed and comes back", async () => {
  await using own = await startCluster();
  await installCrds(own, "danm.k8s.io", "lightweight");
  const pool = freshPool({ cidr: "10.0.0.0/26" });
  using ownClient = own.client();

  let restarted = Promise.resolve();

  /** What kubelet does: a failed ADD is undone, from what was noted down, and tried again. */
  async function untilReserved(store: BlockStore, index: number): Promise<Reservation> {
    let intended: Claim | undefined;
    try {
      if (index === 20) restarted = own.stopApiServer().then(() => own.startApiServer());
      return await reserve(store, pool, `node-${index % 4}`, DYNAMIC, (claim) => intended = claim);
    } catch (error) {
      assert(error instanceof KubeUnreachableError, String(error));
      if (intended) await untilReleased(store, intended);
      return await untilReserved(store, index);
    }
  }
  async function untilReleased(store: BlockStore, claim: Claim): Promise<void> {
    await releaseClaim(store, claim, new Date(), soon()).catch((error) => {
      assert(error instanceof KubeUnreachableError, String(error));
      return untilReleased(store, claim);
    });
  }

  const reservations = await byWriters({ writers: 16, count: 62, kubeconfig: own.kubeconfig }, untilReserved);
  await restarted;
  assertEquals(await taken(pool, ownClient), given(reservations));
});

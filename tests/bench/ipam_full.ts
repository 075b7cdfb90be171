/** A network of 2^23 addresses of which every one is taken, beside an empty one of that size. */

import { assert } from "@std/assert";
import { releaseAddress } from "../../lib/ipam/release_address.ts";
import { type Pool, poolOf } from "../../lib/ipam/pool.ts";
import type { Reservation } from "../../lib/ipam/reservation.ts";
import { AddressTakenError, PoolExhaustedError } from "../../lib/ipam/reserve_error.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { parseAddress } from "../../lib/net/address.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createTestNode, type TestNode } from "../runtime/test_node.ts";
import { attachPods } from "./attach_pods.ts";
import { fillNetwork } from "./fill_network.ts";
import { doublesIn, freshPool, measure, release, take, type Work } from "./ipam_writers.ts";
import { describe, report } from "./series.ts";

/** The most a network may have: 8,388,606 dynamic addresses. */
const CIDR = "10.0.0.0/9";

/** Short: who fills eight million addresses needs no gigabyte for it. */
const FILLER = "filler/c/0";

/** As long as owners of real Pods are: UID, container ID, index. */
const LONG_OWNER = `${"u".repeat(36)}/${"c".repeat(64)}/0`;

/** Requests of one kind, one after the other. */
const COUNT = 32;

/** Measures and prints. */
export async function benchFullIpam(): Promise<void> {
  await using cluster = await startCluster();
  await using node = await createTestNode(cluster);
  const { largest } = await fillNetwork(cluster, freshPool("10.0.0.0/16"), 1, LONG_OWNER);
  report("largest object, of a block with 256 Pods", `${(largest / 1000).toFixed(1)} KB`);
  const [empty, full] = [await createNetwork(node, "empty"), await createNetwork(node, "full")];
  await measure(cluster, 1, COUNT, take(empty.pool, []));
  await benchRequests(node, empty);
  const started = performance.now();
  const { count } = await fillNetwork(cluster, full.pool, 1, FILLER);
  report("filled a /9 to the last address", `${count} objects, ${Math.round((performance.now() - started) / 1000)} s`);
  await benchRefusals(cluster, full.pool);
  await benchRequests(node, full);
}

/** A network and what is in it. */
interface Subject {
  readonly state: "empty" | "full";
  readonly pool: Pool;
}

async function createNetwork(node: TestNode, state: Subject["state"]): Promise<Subject> {
  return { state, pool: poolOf(await node.createNetwork(state, { cidr: CIDR }), 4)! };
}

/** Dynamic and static requests, release and re-use, and whole Pods; in a full network of what is released for that. */
async function benchRequests(node: TestNode, { state, pool }: Subject): Promise<void> {
  const { cluster } = node;
  const name = `${state} /9`;
  const makeRoom = async (addressAt: (index: number) => string) => {
    if (state === "full") await releaseAll(cluster, pool, addressAt);
  };
  await makeRoom((index) => `10.${index}.${index * 7}.9`);
  const reservations: Reservation[] = [];
  const dynamic = await measure(cluster, 1, COUNT, take(pool, reservations));
  report(`${name}, dynamic request`, dynamic.text, doublesIn(reservations));
  report(`${name}, release`, (await measure(cluster, 1, COUNT, release(reservations))).text);
  const again = await measure(cluster, 1, COUNT, take(pool, []));
  report(`${name}, dynamic request of what was just released`, again.text);
  const wanted = (index: number) => `10.${index}.200.77`;
  await makeRoom(wanted);
  const statics = await measure(cluster, 1, COUNT, (client, index) => takeStatic(pool, wanted(index))(client, index));
  report(`${name}, static request`, statics.text);
  await makeRoom((index) => `10.${index}.100.50`);
  const { add, del, failed } = await attachPods(node, state, COUNT, 1, 1);
  report(`${name}, ADD of a Pod`, describe(add), `failed ${failed}`);
  report(`${name}, DEL of a Pod`, describe(del));
}

async function releaseAll(cluster: Cluster, pool: Pool, addressAt: (index: number) => string): Promise<void> {
  const { failed } = await measure(cluster, 1, COUNT, async (client, index) => {
    const address = parseAddress(addressAt(index))!;
    const store = createBlockStore(client, "danm.k8s.io");
    const longAgo = new Date(Date.now() - 3_600_000);
    await releaseAddress(store, pool.network, address, FILLER, longAgo, AbortSignal.timeout(60_000));
  });
  assert(failed === 0, `${failed} addresses were not released`);
}

function takeStatic(pool: Pool, address: string): Work {
  return take(pool, [], { kind: "static", address: parseAddress(address)! });
}

/** How long it takes to say no. */
async function benchRefusals(cluster: Cluster, pool: Pool): Promise<void> {
  const refused =
    (work: Work, kind: typeof PoolExhaustedError | typeof AddressTakenError): Work => async (client, index) => {
      const error = await work(client, index).catch((error) => error);
      assert(error instanceof kind, `${error}`);
    };
  const exhausted = await measure(cluster, 1, COUNT, refused(take(pool, []), PoolExhaustedError));
  report("full /9, dynamic request refused", exhausted.text);
  const taken = await measure(cluster, 1, COUNT, refused(takeStatic(pool, "10.99.99.99"), AddressTakenError));
  report("full /9, static request refused", taken.text);
}

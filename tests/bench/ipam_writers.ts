/** Writers that take addresses of a real API server as danm does, and what their work is measured by. */

import type { Network } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { formatOwner } from "../../lib/ipam/owner.ts";
import { type Pool, poolOf } from "../../lib/ipam/pool.ts";
import { releaseClaim } from "../../lib/ipam/release_address.ts";
import type { Reservation, ReserveRequest } from "../../lib/ipam/reservation.ts";
import { reserveAddress } from "../../lib/ipam/reserve_address.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { createClient, type KubeClient } from "../../lib/kube/client/client.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { describe, inParallel } from "./series.ts";

const BLOCKS = resourceFor("AddressBlock", "danm.k8s.io");

/** Nodes that the Pods are spread over. */
const NODES = 4;

/** A signal for one call. */
export const soon = () => AbortSignal.timeout(300_000);

/** Does one piece of work and resolves when it is done. */
export type Work = (client: KubeClient, index: number) => Promise<void>;

/** What some work took. */
export interface Measured {
  readonly perSecond: number;
  /** Pieces of work that failed. */
  readonly failed: number;
  /** Both, and the durations of one piece in ms. */
  readonly text: string;
}

/** Runs `work` `count` times, by `writers` with connections of their own. */
export async function measure(cluster: Cluster, writers: number, count: number, work: Work): Promise<Measured> {
  const config = loadKubeconfig(cluster.kubeconfig);
  const clients = Array.from({ length: writers }, () => createClient(config));
  const durations: number[] = [];
  let failed = 0;
  await inParallel(clients, writers, async (client) => void await client.list(BLOCKS, { signal: soon(), limit: 1 }));
  const idle = clients.slice();
  const started = performance.now();
  await inParallel(Array.from({ length: count }, (_, index) => index), writers, async (index) => {
    const client = idle.pop()!;
    const begun = performance.now();
    await work(client, index).catch(() => failed++);
    durations.push(performance.now() - begun);
    idle.push(client);
  });
  const perSecond = count / (performance.now() - started) * 1000;
  for (const client of clients) client[Symbol.dispose]();
  const problems = failed > 0 ? `  FAILED ${failed}` : "";
  return { perSecond, failed, text: `${perSecond.toFixed(0).padStart(5)}/s  ${describe(durations)}${problems}` };
}

/** A network that no other benchmark uses. */
export function freshNetwork(cidr: string): Network {
  const uid = crypto.randomUUID();
  return {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { name: `bench-${uid}`, namespace: "default", uid },
    spec: { NetworkID: "bench", NetworkType: "macvlan", Options: { cidr } },
  };
}

/** The pool of a network that no other benchmark uses; blocks refer to it by UID alone. */
export function freshPool(cidr: string): Pool {
  return poolOf(freshNetwork(cidr), 4)!;
}

function freshOwner(): string {
  const containerId = (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");
  return formatOwner({ podUid: crypto.randomUUID(), containerId, interfaceIndex: 0 });
}

/** Reserves as danm does, and keeps the outcome in `reservations`. */
export function take(pool: Pool, reservations: Reservation[], request: ReserveRequest = { kind: "dynamic" }): Work {
  return async (client, index) => {
    const reservation = await reserveAddress(createBlockStore(client, "danm.k8s.io"), pool, request, {
      node: `node-${index % NODES}`,
      owner: freshOwner(),
      intend: () => Promise.resolve(),
      now: Date.now,
      signal: soon(),
    });
    reservations.push(reservation);
  };
}

/** Releases what is in `reservations`, one for each index. */
export function release(reservations: readonly Reservation[]): Work {
  return (client, index) => {
    const { claim } = reservations[index]!;
    return releaseClaim(createBlockStore(client, "danm.k8s.io"), claim, new Date(), soon());
  };
}

/** `doubles 0`, unless an address is in `reservations` twice. */
export function doublesIn(reservations: readonly Reservation[]): string {
  return `doubles ${reservations.length - new Set(reservations.map(({ claim }) => claim.address)).size}`;
}

/** Addresses per second of a real API server: blocks with one owner per key, beside one object that all update. */

import type { Reservation } from "../../lib/ipam/reservation.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { fillNetwork } from "./fill_network.ts";
import { doublesIn, freshPool, measure, release, take } from "./ipam_writers.ts";
import { takeFromOneObject } from "./one_object.ts";
import { report } from "./series.ts";

/**
 * The network of writers that compete, and how many addresses of it they take: so many that nearly all are taken while
 * none of the writers has come to its end.
 */
const CIDR = "10.0.0.0/20";
const COUNT = 512;

/** Addresses of it that are taken before: it has its blocks. */
const IN_USE = 256;

/** Measures and prints. */
export async function benchIpam(): Promise<void> {
  await using cluster = await startCluster({ isDurable: true }); // writers wait for each other's writes
  await installCrds(cluster, "danm.k8s.io", "lightweight");
  await measure(cluster, 1, 16, take(freshPool(CIDR), [])); // the first writes after a CRD is installed are slow
  for (const writers of [1, 8, 32, 64]) await benchWriters(cluster, writers);
  for (const [cidr, count] of [["10.0.0.0/24", 254], ["10.0.0.0/22", 1022]] as const) {
    await benchExactFit(cluster, cidr, count);
  }
  await benchCrowd(cluster, "10.0.0.0/18", 0);
  for (const cidr of ["10.0.0.0/22", "10.0.0.0/18", "10.0.0.0/14"]) await benchCrowd(cluster, cidr, 0.2);
}

async function benchWriters(cluster: Cluster, writers: number): Promise<void> {
  const one = await measure(cluster, writers, COUNT, await takeFromOneObject(cluster, CIDR));
  report(`one object, ${writers} writers, ${COUNT} of a /20`, one.text);
  const [pool, reservations] = [freshPool(CIDR), [] as Reservation[]];
  await measure(cluster, 8, IN_USE, take(pool, reservations));
  const blocks = await measure(cluster, writers, COUNT, take(pool, reservations));
  const times = `${(blocks.perSecond / one.perSecond).toFixed(1)} x one object`;
  report(`blocks, ${writers} writers, ${COUNT} of a /20`, blocks.text, times, doublesIn(reservations));
}

/** All Pods of a network are made, deleted, and made again. */
async function benchExactFit(cluster: Cluster, cidr: string, count: number): Promise<void> {
  const writers = 32;
  const pool = freshPool(cidr);
  const reservations: Reservation[] = [];
  const first = await measure(cluster, writers, count, take(pool, reservations));
  report(`blocks, ${writers} writers, all ${count} of ${cidr}`, first.text, doublesIn(reservations));
  const gone = reservations.splice(0);
  report(`blocks, ${writers} writers, release all`, (await measure(cluster, writers, count, release(gone))).text);
  const again = await measure(cluster, writers, count, take(pool, reservations));
  report(`blocks, ${writers} writers, all ${count} again`, again.text, doublesIn(reservations));
}

/** What one more Pod costs when a share of the network's addresses is taken. */
async function benchCrowd(cluster: Cluster, cidr: string, share: number): Promise<void> {
  const pool = freshPool(cidr);
  const { taken } = await fillNetwork(cluster, pool, share, "pod/container/0");
  const { text } = await measure(cluster, 1, 64, take(pool, []));
  report(`one writer, ${cidr} with ${taken} Pods, one more`, text);
}

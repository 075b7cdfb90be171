/** Addresses per second of a real API server: blocks with one owner per key, beside one object that all update. */

import type { Network } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { formatOwner } from "../../lib/ipam/owner.ts";
import { poolOf } from "../../lib/ipam/pool.ts";
import { releaseClaim } from "../../lib/ipam/release_address.ts";
import type { Reservation } from "../../lib/ipam/reservation.ts";
import { reserveAddress } from "../../lib/ipam/reserve_address.ts";
import { createBlockStore } from "../../lib/kube/block_store.ts";
import { createClient, type KubeClient } from "../../lib/kube/client.ts";
import { isConflict } from "../../lib/kube/kube_error.ts";
import { loadKubeconfig } from "../../lib/kube/load_kubeconfig.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { describe, inParallel, report } from "./series.ts";

/** Addresses of a /24: exact fit, to the last one. */
const EXACT_FIT = 254;

/** With one object even this many take long. */
const ONE_OBJECT = 64;

const BLOCKS = resourceFor("AddressBlock", "danm.k8s.io");
const soon = () => AbortSignal.timeout(300_000);

/** Does one piece of work and resolves when it is done. */
type Work = (client: KubeClient, index: number) => Promise<void>;

/** Measures and prints. */
export async function benchIpam(): Promise<void> {
  await using cluster = await startCluster();
  await installCrds(cluster, "danm.k8s.io", "lightweight");
  await measure(cluster, 1, 16, takeFromBlocks([])); // the first writes after a CRD is installed are slow
  for (const writers of [1, 8, 32, 64]) {
    const one = await measure(cluster, writers, ONE_OBJECT, await takeFromOneObject(cluster));
    report(`one object, ${writers} writers, ${ONE_OBJECT} addresses`, one.text);
    const reservations: Reservation[] = [];
    const take = takeFromBlocks(reservations);
    const blocks = await measure(cluster, writers, EXACT_FIT, take);
    const times = `${(blocks.perSecond / one.perSecond).toFixed(1)} x one object`;
    report(`blocks, ${writers} writers, all of a /24`, blocks.text, times, doublesIn(reservations));
    const gone = reservations.splice(0);
    const release = await measure(
      cluster,
      writers,
      gone.length,
      (client, index) => releaseClaim(createBlockStore(client, "danm.k8s.io"), gone[index]!.claim, new Date(), soon()),
    );
    report(`blocks, ${writers} writers, release all`, release.text);
    const again = await measure(cluster, writers, EXACT_FIT, take);
    report(`blocks, ${writers} writers, all of it again`, again.text, doublesIn(reservations));
  }
}

function doublesIn(reservations: readonly Reservation[]): string {
  return `doubles ${reservations.length - new Set(reservations.map(({ claim }) => claim.address)).size}`;
}

/** Runs `work` `count` times, by `writers` with connections of their own. */
async function measure(cluster: Cluster, writers: number, count: number, work: Work) {
  const config = loadKubeconfig(cluster.kubeconfig);
  const clients = Array.from({ length: writers }, () => createClient(config));
  const durations: number[] = [];
  await inParallel(clients, writers, async (client) => void await client.list(BLOCKS, { signal: soon(), limit: 1 }));
  const idle = clients.slice();
  const started = performance.now();
  await inParallel(Array.from({ length: count }, (_, index) => index), writers, async (index) => {
    const client = idle.pop()!;
    const begun = performance.now();
    await work(client, index);
    durations.push(performance.now() - begun);
    idle.push(client);
  });
  const perSecond = count / (performance.now() - started) * 1000;
  for (const client of clients) client[Symbol.dispose]();
  return { perSecond, text: `${perSecond.toFixed(0).padStart(5)}/s  ${describe(durations)}` };
}

function freshNetwork(): Network {
  const uid = crypto.randomUUID();
  return {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { name: `bench-${uid}`, namespace: "default", uid },
    spec: { NetworkID: "bench", NetworkType: "macvlan", Options: { cidr: "10.0.0.0/24" } },
  };
}

function freshOwner(): string {
  const containerId = (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "");
  return formatOwner({ podUid: crypto.randomUUID(), containerId, interfaceIndex: 0 });
}

/** Reserves as danm does, for Pods of four nodes, and keeps the outcome in `reservations`. */
function takeFromBlocks(reservations: Reservation[]): Work {
  const pool = poolOf(freshNetwork(), 4)!;
  return async (client, index) => {
    const reservation = await reserveAddress(createBlockStore(client, "danm.k8s.io"), pool, { kind: "dynamic" }, {
      node: `node-${index % 4}`,
      owner: freshOwner(),
      intend: () => Promise.resolve(),
      now: Date.now,
      signal: soon(),
    });
    reservations.push(reservation);
  };
}

/** The original system: the network holds a bitmap; read all, set a bit, write all, again when it has changed. */
async function takeFromOneObject(cluster: Cluster): Promise<Work> {
  using admin = cluster.client();
  const network = freshNetwork();
  const networks = { ...resourceFor("DanmNet", "danm.k8s.io"), namespace: "default" };
  const ref = { ...networks, name: network.metadata.name };
  await admin.create<Network>(networks, network, { signal: soon() });
  return async (client) => {
    for (;;) {
      const current = await client.get<Network>(ref, { signal: soon() });
      const { Options = {} } = current.spec;
      const bits = Uint8Array.fromBase64(Options.alloc ?? new Uint8Array(32).toBase64());
      const byte = bits.findIndex((value) => value !== 0xff);
      bits[byte]! = (bits[byte]! << 1) | 1;
      const spec = { ...current.spec, Options: { ...Options, alloc: bits.toBase64() } };
      try {
        return void await client.update(ref, { ...current, spec }, { signal: soon() });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };
}

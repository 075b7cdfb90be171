import { assert, assertEquals } from "@std/assert";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { blockObject } from "../../lib/kube/blocks/block_object.ts";
import { type Network, networkRef } from "../../lib/api/network.ts";
import { formatOwner } from "../../lib/ipam/owner.ts";
import { eventually } from "../cluster/eventually.ts";
import type { ProxiedRequest } from "../cluster/fault.ts";
import type { DaemonProcess } from "../runtime/daemon_process.ts";
import type { TestPod } from "../runtime/test_pod.ts";
import {
  endpointOf,
  GROUP,
  openScene,
  type Scene,
  soon,
  startCleaner,
  startCleanerCluster,
  startCleanerProcess,
} from "./cleaner_scene.ts";

const cluster = await startCleanerCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const POD_WATCH = { path: /\/api\/v1\/pods\?.*watch=true/ };
const POD_PROOF = { path: /\/api\/v1\/namespaces\/[^/]+\/pods\?/ };
const ELECTION = /\/leases(\/|\?|$)/;

/** Requests that change something, elections and Events aside. */
function writes(requests: readonly ProxiedRequest[]): ProxiedRequest[] {
  return requests.filter(({ method, path }) => method !== "GET" && !ELECTION.test(path) && !path.includes("/events"));
}

/** How often the cleaner has looked. */
async function looksDone(process: DaemonProcess): Promise<number> {
  return await process.metric('danm_reconcile_seconds_count{controller="orphans",result="done"}') ?? 0;
}

/** A Pod that is gone, with two addresses and a DanmEp, and one that is there with as much. */
async function half(scene: Scene): Promise<{ readonly kept: string }> {
  const [gone, alive] = [await scene.createPod(), await scene.createPod()];
  await scene.attach(gone, { ip: "dynamic", ip6: "dynamic" });
  const kept = await scene.attach(alive, { ip: "dynamic", ip6: "dynamic" });
  await scene.deletePod(gone);
  return { kept };
}

Deno.test("cleaner keeps what belongs to a Pod that its cache does not know yet", async () => {
  using scene = await openScene(cluster);
  const hold = { ...POD_WATCH, action: { kind: "hang" } } as const;
  await using cleaner = await startCleaner(cluster, ["--leader-elect=false"], (proxy) => proxy.inject(hold));
  await cleaner.process.ready();
  const pod = await scene.createPod();
  const owner = await scene.attach(pod, { ip: "dynamic" });
  await eventually("ask the API server itself", () => cleaner.proxy.count(POD_PROOF) >= 2 || undefined);
  await scene.outlast();
  assertEquals([await scene.owners(), await scene.recorded()], [[owner], [owner]]);
});

Deno.test("cleaner does nothing until all its caches are full, and goes on when the line is mended", async () => {
  using scene = await openScene(cluster);
  const { kept } = await half(scene);
  const refuse = { path: /\/danmeps(\?|$)/, action: { kind: "answer", status: 503 } } as const;
  await using cleaner = await startCleaner(cluster, ["--leader-elect=false"], (proxy) => proxy.inject(refuse));
  await cleaner.process.says("cannot follow the API server");
  assertEquals(await looksDone(cleaner.process), 0);
  assertEquals(writes(cleaner.proxy.requests), []);
  cleaner.proxy.reset();
  await scene.holds(kept);
});

Deno.test("cleaner waits for the grace period", async () => {
  using scene = await openScene(cluster);
  const { kept } = await half(scene);
  {
    await using patient = await startCleaner(cluster, ["--leader-elect=false", "--grace-period=3600"]);
    await eventually("finish a look", async () => await looksDone(patient.process) || undefined);
    assertEquals(await patient.process.metric('danm_cleaner_suspected{what="address"}'), 2);
    assertEquals(writes(patient.proxy.requests), []);
  }
  await using _cleaner = await startCleaner(cluster);
  await scene.holds(kept);
});

Deno.test("cleaner survives restarts of the API server", async () => {
  using scene = await openScene(cluster);
  await using cleaner = await startCleaner(cluster);
  await cleaner.process.ready();
  const pods = [await scene.createPod(), await scene.createPod()];
  for (const pod of pods) await scene.attach(pod, { ip: "dynamic" });
  await cluster.stopApiServer();
  await cleaner.process.says("cannot follow the API server");
  await cluster.startApiServer();
  await scene.deletePod(pods[0]!);
  const { kept } = await half(scene);
  await cluster.stopApiServer();
  await cluster.startApiServer();
  await scene.holds(kept, formatOwner({ podUid: pods[1]!.uid, containerId: "c1", interfaceIndex: 0 }));
});

Deno.test("cleaner gets there in spite of errors and lost answers", async () => {
  using scene = await openScene(cluster);
  const { kept } = await half(scene);
  const block = { method: "PATCH", path: /\/addressblocks\// };
  const endpoint = { method: "DELETE", path: /\/danmeps\// };
  await using cleaner = await startCleaner(cluster, ["--leader-elect=false"], (proxy) => {
    proxy.inject({ ...POD_PROOF, nth: 1, action: { kind: "answer", status: 403, reason: "Forbidden" } });
    proxy.inject({ ...POD_PROOF, nth: 2, action: { kind: "answer", status: 500 } });
    proxy.inject({ ...block, nth: 1, action: { kind: "answer", status: 429, retryAfterS: 0 } });
    proxy.inject({ ...block, nth: 2, action: { kind: "dropAfter" } });
    proxy.inject({ ...block, nth: 4, action: { kind: "answer", status: 409, reason: "Conflict" } });
    proxy.inject({ ...block, nth: 5, action: { kind: "answer", status: 403, reason: "Forbidden" } });
    proxy.inject({ ...endpoint, nth: 1, action: { kind: "answer", status: 500 } });
    proxy.inject({ ...endpoint, nth: 2, action: { kind: "dropAfter" } });
  });
  await scene.holds(kept);
  await scene.outlast();
  await scene.holds(kept);
  const { method, path } = endpoint;
  const deletion = cleaner.proxy.requests.findIndex((request) => request.method === method && path.test(request.path));
  const released = cleaner.proxy.requests.slice(0, deletion).filter((request) => request.method === block.method);
  assert(released.length >= 4, "the DanmEp goes when its addresses are free");
});

Deno.test("cleaner changes nothing in a dry run, and says once what it would do", async () => {
  using scene = await openScene(cluster);
  const { kept } = await half(scene);
  await using cleaner = await startCleaner(cluster, ["--dry-run"]);
  await cleaner.process.says("would remove endpoint");
  await eventually("look a few times more", async () => await looksDone(cleaner.process) > 8 || undefined);
  const said = cleaner.process.log.flatMap(({ message }) => `${message}`.startsWith("would") ? [message] : []).sort();
  assertEquals(said, ["would remove address", "would remove address", "would remove endpoint"]);
  assertEquals(await cleaner.process.metric('danm_cleaner_would_remove{what="address"}'), 2);
  assertEquals(await cleaner.process.metric("danm_cleaner_removed_total"), undefined);
  assertEquals(cleaner.proxy.requests.filter(({ method }) => method !== "GET"), []);
  assertEquals((await scene.owners()).length, 4);
  assertEquals((await scene.recorded()).length, 2);
  assert((await scene.owners()).includes(kept));
  await using _cleaner = await startCleaner(cluster);
  await scene.holds(kept);
});

Deno.test("cleaner works in one of two replicas, and in the other one when that dies", async () => {
  using scene = await openScene(cluster);
  await using first = await startCleaner(cluster, []);
  await first.process.says("leading");
  await using second = await startCleaner(cluster, []);
  await second.process.ready();
  const { kept } = await half(scene);
  await scene.holds(kept);
  const done = writes(first.proxy.requests);
  assertEquals(new Set(done.map(({ method, path }) => `${method} ${path}`)).size, 3, "two blocks, one DanmEp");
  assertEquals([done.length, writes(second.proxy.requests)], [3, []], "each once");

  first.process.kill("SIGKILL");
  const next = await half(scene);
  await scene.holds(kept, next.kept);
  assertEquals(await second.process.metric("danm_leader"), 1);
  assertEquals([writes(first.proxy.requests).length, writes(second.proxy.requests).length], [3, 3]);
});

Deno.test("cleaner removes what is left among 5,000 DanmEps, in little memory", async () => {
  using scene = await openScene(cluster);
  const [gone, alive] = [await scene.createPod(), await scene.createPod()];
  const entries = [...interfacesOf(gone, 1000), ...interfacesOf(alive, 4000)];
  const owners = entries.map(({ owner }) => owner);
  await inParallel(
    blocksOf(scene.network, owners),
    (block) => scene.admin.create(resourceFor("AddressBlock", GROUP), block, soon()),
  );
  const endpoints = { ...resourceFor("DanmEp", GROUP), namespace: scene.namespace };
  await inParallel(
    entries,
    ({ pod, index }) =>
      scene.admin.create(endpoints, endpointOf(scene.network, pod, "c1", index, { 4: "", 6: "" }), soon()),
  );
  await scene.deletePod(gone);

  await using process = await startCleanerProcess(cluster, ["--leader-elect=false"]);
  await eventually("see all removed", async () => {
    return await process.metric('danm_cleaner_removed_total{what="endpoint"}') === 1000 || undefined;
  }, 1000);
  const memory = await process.metric("process_resident_memory_bytes");
  assertEquals(await scene.owners(), owners.slice(1000).sort());
  assertEquals(await scene.recorded(), owners.slice(1000).sort());
  assert(memory! < 256 * 2 ** 20, `${memory} bytes are half of the limit in the manifest, or more`);
});

function interfacesOf(pod: TestPod, count: number) {
  return Array.from({ length: count }, (_, index) => {
    return { pod, index, owner: formatOwner({ podUid: pod.uid, containerId: "c1", interfaceIndex: index }) };
  });
}

/** Blocks in which `owners` hold one address after the other. */
function blocksOf(network: Network, owners: readonly string[]): AddressBlock[] {
  const size = 256;
  const space = { network: networkRef(network), family: 6 } as const;
  return Array.from({ length: Math.ceil(owners.length / size) }, (_, nth) => {
    const base = 0x2001_0db8_0000_0000_0000_0000_0000_0000n + BigInt(nth * size);
    const block = blockObject({ space, base, size }, GROUP);
    const allocations = Object.fromEntries(owners.slice(nth * size, (nth + 1) * size).entries());
    return { ...block, spec: { ...block.spec, allocations } };
  });
}

/** Calls `work` for all `items`, 32 at a time. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(Array.from({ length: 32 }, async () => {
    for (const item of rest) await work(item);
  }));
}

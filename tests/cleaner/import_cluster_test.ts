import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { type Network, networkOptions } from "../../lib/api/network.ts";
import { DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { UNRECORDED_OWNER } from "../../lib/ipam/legacy_import.ts";
import { poolOf } from "../../lib/ipam/pool.ts";
import { reserveAddress } from "../../lib/ipam/reserve_address.ts";
import { AddressOutsideError, AddressTakenError } from "../../lib/ipam/reserve_error.ts";
import { killChild } from "../../lib/process/kill_group.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { type Family, formatAddress, parseAddress } from "../../lib/net/address.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { eventually } from "../cluster/eventually.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { createTestNode } from "../runtime/test_node.ts";
import { createPod } from "../runtime/test_pod.ts";
import { complaint, installWebhook } from "../webhook/webhook_cluster.ts";
import { startWebhook } from "../webhook/webhook_process.ts";
import { soon, startCleanerProcess } from "./cleaner_scene.ts";
import {
  bitmap,
  createOriginalEndpoint,
  createOriginalNetwork,
  installOriginalCrds,
  type OriginalAttachment,
} from "./original_cluster.ts";

const GROUP = DEFAULT_API_GROUP;
const ROOT = fromFileUrl(new URL("../..", import.meta.url));

const cluster = await startCluster();
const admin = cluster.client();
const store = createBlockStore(admin, GROUP);
await installOriginalCrds(cluster);
const namespace = await cluster.createNamespace();

/** The original's objects, made before the upgrade: they would not pass DANM's definitions. */
const pods = { new: await createPod(admin, namespace), old: await createPod(admin, namespace) };
const gone = crypto.randomUUID();
const attachments: readonly OriginalAttachment[] = [
  { network: "small", pod: pods.new.name, podUid: pods.new.uid, containerId: "c1", address: "10.0.0.3/24" },
  { network: "small", pod: pods.old.name, containerId: "c2", address: "10.0.0.4/24", address6: "2001:db8:9::4/64" },
  { network: "small", pod: "left", podUid: gone, containerId: "c3", address: "10.0.0.5/24" },
  { network: "small", pod: "left-too", containerId: "c4", address: "10.0.0.6/24" },
];
const SMALL = [1, 3, 4, 5, 6, 200];
const LARGE = [1, 255, 256, 4097, 65_534];
const WIDE = [1, 77, 2 ** 22 - 2];
await createOriginalNetwork(admin, "DanmNet", namespace, "small", {
  cidr: "10.0.0.0/24",
  net6: "2001:db8:9::/64",
  routes: { "10.9.0.0/16": "10.0.0.1" },
  allocation_pool: { start: "10.0.0.1", end: "10.0.0.250" },
  alloc: bitmap(8, SMALL),
});
const large = `large-${namespace}`;
await createOriginalNetwork(admin, "ClusterNetwork", undefined, large, {
  cidr: "10.64.0.0/16",
  alloc: bitmap(16, LARGE),
});
await createOriginalNetwork(admin, "DanmNet", namespace, "wide", {
  net6: "2001:db8::/64",
  allocation_pool_v6: { cidr: "2001:db8::/106" },
  alloc6: bitmap(22, WIDE),
});
await createOriginalNetwork(admin, "DanmNet", namespace, "plain", { vlan: 7, alloc: "", alloc6: "" });
for (const attachment of attachments) await createOriginalEndpoint(admin, namespace, attachment);
await createOriginalEndpoint(admin, namespace, { network: "plain", pod: pods.new.name, containerId: "c1" });
const clusterWide = { network: large, apiType: "ClusterNetwork", address: "10.64.1.0/16" } as const;
await createOriginalEndpoint(admin, namespace, { ...clusterWide, pod: pods.new.name, containerId: "c1" });

const webhook = startWebhook(cluster, { kubeconfig: await installWebhook(cluster) });
await webhook.ready();
await applyManifests(cluster, `${ROOT}/manifests/cleaner/rbac.yaml`);
Deno.test.afterAll(async () => {
  admin[Symbol.dispose]();
  await webhook[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** Starts the command, as an administrator does. */
function startImport(kubeconfig: string, ...flags: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(`${PROGRAM_FOLDER}/kubectl-danm`, {
    args: ["import-original", `--kubeconfig=${kubeconfig}`, ...flags],
    cwd: "/",
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the command to its end. Resolves to its report. */
async function runImport(...flags: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await startImport(cluster.kubeconfig, ...flags).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return new TextDecoder().decode(stdout);
}

async function network(kind: "DanmNet" | "ClusterNetwork", name: string): Promise<Network> {
  const ref = { ...resourceFor(kind, GROUP), name, ...(kind === "DanmNet" && { namespace }) };
  return { ...await admin.get<Network>(ref, soon()), kind } as Network;
}

/** Owners of all addresses of a network, by address. */
async function held({ metadata: { uid } }: Network): Promise<Record<string, string>> {
  const labelSelector = `${GROUP}/network-uid=${uid}`;
  const blocks = await listAll<AddressBlock>(admin, resourceFor("AddressBlock", GROUP), { labelSelector, ...soon() });
  return Object.fromEntries(
    blocks.flatMap(({ spec }) => {
      const base = parseAddress(spec.base)!;
      return Object.entries(spec.allocations ?? {}).map(([offset, owner]) => {
        return [formatAddress({ ...base, value: base.value + BigInt(offset) }), owner];
      });
    }),
  );
}

/** Asks for an address as danm does: the network is read, then its blocks. */
async function reserve(of: Network, family: Family, wish?: string): Promise<string> {
  const current = await network(of.kind as "DanmNet", of.metadata.name);
  const address = wish === undefined ? undefined : parseAddress(wish);
  const request = address ? { kind: "static", address } as const : { kind: "dynamic" } as const;
  const context = { node: "n", owner: `${crypto.randomUUID()}/c/0`, now: Date.now, intend: () => Promise.resolve() };
  const made = await reserveAddress(store, poolOf(current, family)!, request, { ...context, ...soon() });
  return formatAddress(made.address);
}

function addressesOf(base: string, offsets: readonly number[]): string[] {
  const first = parseAddress(base)!;
  return offsets.map((offset) => formatAddress({ ...first, value: first.value + BigInt(offset) }));
}

/** What the original had given out on each network. */
const TAKEN = [
  { kind: "DanmNet", name: "small", family: 4, addresses: addressesOf("10.0.0.0", SMALL) },
  { kind: "ClusterNetwork", name: large, family: 4, addresses: [...addressesOf("10.64.0.0", LARGE)] },
  { kind: "DanmNet", name: "wide", family: 6, addresses: addressesOf("2001:db8::", WIDE) },
] as const;

async function nothingIsGivenOut(): Promise<void> {
  for (const { kind, name, family, addresses } of TAKEN) {
    const of = await network(kind, name);
    for (const address of addresses) {
      const refusal = await reserve(of, family, address).catch((error) => error);
      const isGateway = Object.values(networkOptions(of).routes ?? {}).includes(address);
      assert(
        refusal instanceof (isGateway ? AddressOutsideError : AddressTakenError),
        `${address} of ${name}: ${refusal}`,
      );
    }
  }
}

Deno.test("cleaner leaves DanmEps alone of which the original did not record the Pod's UID", async () => {
  await using cleaner = await startCleanerProcess(cluster, ["--dry-run"]);
  await cleaner.says("would remove endpoint");
  const said = cleaner.log.filter(({ message }) => `${message}`.startsWith("would remove"));
  assertEquals(said.map(({ why }) => why), [`Pod ${namespace}/left (${gone}) is gone`]);
  assertEquals(await cleaner.metric("danm_cleaner_unreadable"), 4);
});

Deno.test("import-original tells in a dry run what it would do, and does nothing", async () => {
  const report = await runImport("--dry-run");
  assertStringIncludes(
    report,
    `DanmNet/${namespace}/small: 5 addresses of Pods would be held, ` +
      "1 that no DanmEp names would be held, 4 DanmEps would be taken over, bitmaps would be removed",
  );
  assertEquals((await admin.list(resourceFor("AddressBlock", GROUP), soon())).items, []);
  assertEquals((await network("DanmNet", "small")).spec.Options?.alloc, bitmap(8, SMALL));
});

Deno.test("import-original gives no address out, and loses none, killed at any request", async () => {
  await using proxy = await startFaultProxy(cluster);
  let kills = 0;
  for (let nth = 1;; nth++) {
    proxy.reset();
    proxy.inject({ nth, action: { kind: "hang" } });
    const child = startImport(proxy.kubeconfig);
    let hasEnded = false;
    const ended = child.output().finally(() => hasEnded = true);
    await eventually("see it work", () => hasEnded || proxy.requests.length >= nth || undefined, 5);
    killChild(child);
    const { code, signal } = await ended;
    if (nth % 4 === 0) await nothingIsGivenOut();
    if (signal !== "SIGKILL") {
      assertEquals(code, 0);
      break;
    }
    kills++;
  }
  await nothingIsGivenOut();
  assert(kills >= 15, `it was killed ${kills} times only`);
});

Deno.test("import-original has moved everything to where DANM keeps it", async () => {
  await runImport();
  const [small, wide, everywhere] = [
    await network("DanmNet", "small"),
    await network("DanmNet", "wide"),
    await network("ClusterNetwork", large),
  ];
  for (const { alloc, alloc6 } of [small, wide, everywhere].map(networkOptions)) {
    assertEquals([alloc, alloc6], [undefined, undefined]);
  }
  const endpoints = await listAll<DanmEp>(admin, { ...resourceFor("DanmEp", GROUP), namespace }, soon());
  const ofSmall = endpoints.filter(({ spec }) => spec.NetworkName === "small");
  const leftToo = ofSmall.find(({ spec }) => spec.Pod === "left-too")!;
  const old = `${pods.old.uid}/c2/0`;
  assertEquals(await held(small), {
    "10.0.0.3": `${pods.new.uid}/c1/0`,
    "10.0.0.4": old,
    "10.0.0.5": `${gone}/c3/0`,
    "10.0.0.6": `${leftToo.metadata.uid}/c4/0`,
    "10.0.0.200": UNRECORDED_OWNER,
    "2001:db8:9::4": old,
  });
  assertEquals(Object.keys(await held(wide)).sort(), addressesOf("2001:db8::", WIDE).sort());
  const all = [...addressesOf("10.64.0.0", LARGE), "10.64.1.0"]; // offset 256 has a DanmEp
  assertEquals(Object.keys(await held(everywhere)).sort(), [...new Set(all)].sort());
  for (const { metadata, spec } of endpoints) {
    assertEquals(metadata.labels?.[`${GROUP}/pod-uid`], spec.PodUID);
    assertEquals(metadata.labels?.["app"], "web");
    assertEquals(spec.EndpointID.split("/")[0], spec.PodUID);
    assertEquals(spec.Interface.proutes, {});
  }
  assertEquals((await runImport()).split("\n")[0], "4 networks looked at, 0 failed");
});

Deno.test("nothing but an import takes a bitmap off a network", async () => {
  await createOriginalNetwork(admin, "DanmNet", namespace, "kept", { cidr: "10.5.0.0/24" });
  const ref = { ...resourceFor("DanmNet", GROUP), namespace, name: "kept" };
  const patch = (body: object) => admin.patch<Network>(ref, { type: "merge", body }, soon());
  assertStringIncludes(await complaint(patch({ spec: { Options: { alloc: bitmap(8, [9]) } } })), "(rule 5)");
  await admin.delete(ref, soon());
  const metadata = { name: "kept", annotations: { [`${GROUP}/restore`]: "true" } };
  const Options = { cidr: "10.5.0.0/24", alloc: bitmap(8, [9]) };
  await eventually("make it again, with a bitmap", async () => {
    const object = { apiVersion: `${GROUP}/v1`, kind: "DanmNet", metadata, spec: { NetworkID: "a", Options } };
    return await admin.create({ ...resourceFor("DanmNet", GROUP), namespace }, object, soon());
  });
  await patch({ spec: { Options: { alloc: null } } }); // is put back
  await patch({ metadata: { annotations: { [`${GROUP}/imported`]: "x@y" } }, spec: { Options: { alloc: null } } });
  assertEquals((await network("DanmNet", "kept")).spec.Options?.alloc, bitmap(8, [9]));
  assertStringIncludes(await runImport(`--network=DanmNet/${namespace}/kept`), "bitmaps removed");
  assertEquals((await network("DanmNet", "kept")).spec.Options?.alloc, undefined);
});

Deno.test("cleaner frees what it can prove gone of an import, the rest is released when it is told to", async () => {
  const small = await network("DanmNet", "small");
  {
    await using _cleaner = await startCleanerProcess(cluster, ["--leader-elect=false"]);
    await eventually("see the addresses of Pods that are gone freed", async () => {
      const addresses = Object.keys(await held(small));
      return !addresses.includes("10.0.0.5") && !addresses.includes("10.0.0.6") || undefined;
    });
  }
  assertEquals(Object.keys(await held(small)).length, 4);
  const flags = [`--network=DanmNet/${namespace}/small`, "--release-unrecorded"];
  assertStringIncludes(await runImport(...flags, "--dry-run"), "would be released: 10.0.0.200");
  assertEquals((await held(small))["10.0.0.200"], UNRECORDED_OWNER);
  assertStringIncludes(await runImport(...flags), "released: 10.0.0.200");
  assertEquals(Object.keys(await held(small)).sort(), ["10.0.0.3", "10.0.0.4", "2001:db8:9::4"]);
});

Deno.test("a Pod that the original attached is detached by danm, which releases its addresses", async () => {
  await using node = await createTestNode(cluster);
  await using container = await node.createContainer();
  const { containerId, pod } = container.sandbox;
  await node.createNetwork("legacy", { cidr: "10.6.0.0/24" });
  const { uid } = await admin.get<Network>(
    { ...resourceFor("DanmNet", GROUP), namespace: node.namespace, name: "legacy" },
    soon(),
  ).then(({ metadata }) => metadata);
  const endpoint = {
    metadata: { name: crypto.randomUUID() },
    apiVersion: `${GROUP}/v1`,
    kind: "DanmEp",
    spec: {
      ...{ NetworkName: "legacy", NetworkType: "ipvlan", NetworkUID: "", EndpointID: "e", apiType: "DanmNet" },
      ...{ Host: node.name, Pod: pod.name, PodUID: "", CID: containerId, netns: "/proc/1/ns/none" },
      Interface: {
        ...{ Name: "eth0", Address: "10.6.0.9/24", AddressIPv6: "", MacAddress: "", DeviceID: "" },
        ...{ proutes: {}, proutes6: {} },
      },
    },
  };
  await admin.create({ ...resourceFor("DanmEp", GROUP), namespace: node.namespace }, endpoint, soon());
  await runImport(`--network=DanmNet/${node.namespace}/legacy`);
  const legacy = { metadata: { uid } } as Network;
  assertEquals(await held(legacy), { "10.6.0.9": `${pod.uid}/${containerId}/0` });
  await node.detach(container);
  assertEquals(await held(legacy), {});
  assertEquals(await node.leftovers(container), []);
});

/** A cluster with Pods that come and go, and a cleaner with the rights it is shipped with. */

import { fromFileUrl } from "@std/path/posix";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import type { Network } from "../../lib/api/network.ts";
import { type ApiGroup, apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { formatOwner } from "../../lib/ipam/owner.ts";
import { poolOf } from "../../lib/ipam/pool.ts";
import type { Reservation } from "../../lib/ipam/reservation.ts";
import { reserveAddress } from "../../lib/ipam/reserve_address.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../../lib/net/address.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { eventually } from "../cluster/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../cluster/fault_proxy.ts";
import { type OwnCluster, startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { type DaemonProcess, startDaemon } from "../runtime/daemon_process.ts";
import { createApiNamespace, createPod, type TestPod } from "../runtime/test_pod.ts";

export const GROUP = DEFAULT_API_GROUP;
const MANIFESTS = fromFileUrl(new URL("../../manifests/cleaner", import.meta.url));
const PODS = { group: "", version: "v1", plural: "pods" };

/** A signal for one call of a test. */
export const soon = () => ({ signal: AbortSignal.timeout(60_000) });

/** Starts a cluster with DANM's kinds and the cleaner's rights: in a shared one it would clean up after other tests. */
export async function startCleanerCluster(group: ApiGroup = GROUP): Promise<OwnCluster> {
  await using undo = new AsyncDisposableStack();
  const cluster = undo.use(await startCluster());
  await installCrds(cluster, group, "lightweight", "production");
  await applyManifests(cluster, `${MANIFESTS}/rbac.yaml`);
  undo.move();
  return cluster;
}

/** A cleaner, and the way through which it reaches the API server. */
export interface TestCleaner extends AsyncDisposable {
  readonly process: DaemonProcess;
  readonly proxy: FaultProxy;
}

/** Starts a cleaner as its own service account, with a grace period of a second; alone unless a flag says otherwise. */
export async function startCleaner(
  cluster: OwnCluster,
  flags: readonly string[] = ["--leader-elect=false"],
  prepare: (proxy: FaultProxy) => void = () => {},
): Promise<TestCleaner> {
  await using undo = new AsyncDisposableStack();
  const proxy = undo.use(await startFaultProxy(cluster));
  prepare(proxy);
  const process = undo.use(await startCleanerProcess(proxy, flags));
  const owned = undo.move();
  return { process, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a cleaner that reaches the API server by `way`. */
export async function startCleanerProcess(
  way: Pick<FaultProxy, "kubeconfigFor">,
  flags: readonly string[],
): Promise<DaemonProcess> {
  const path = await way.kubeconfigFor({ namespace: "kube-system", name: "cleaner" });
  return startDaemon("cleaner", `--kubeconfig=${path}`, "--grace-period=1", ...flags);
}

/** What a Pod asks for on the scene's network: a static address, any one, or none of a family. */
export interface Wish {
  readonly ip?: string;
  readonly ip6?: string;
  readonly containerId?: string;
  readonly index?: number;
  /** Whether danm came so far as to write the DanmEp; true when absent. */
  readonly recorded?: boolean;
  /** The scene's network unless given. */
  readonly network?: Network;
}

/** One network in a namespace of its own. */
export interface Scene extends Disposable {
  readonly admin: KubeClient;
  readonly namespace: string;
  readonly network: Network;
  createPod(name?: string): Promise<TestPod>;
  /** Makes the API's copy of the static Pod `name` that kubelet knows by `uid`; resolves to it as kubelet knows it. */
  createMirrorPod(name: string, uid: string): Promise<TestPod>;
  deletePod(pod: TestPod): Promise<void>;
  /** Does what danm does in the cluster at ADD. Resolves to the owner of the addresses. */
  attach(pod: Pick<TestPod, "uid" | "name">, wish?: Wish): Promise<string>;
  /** Owners of the network's addresses, sorted. */
  owners(): Promise<string[]>;
  /** Owners that DanmEps of the namespace name, sorted. */
  recorded(): Promise<string[]>;
  /** The network's blocks. */
  blocks(): Promise<readonly AddressBlock[]>;
  /** Waits until exactly `owners` hold addresses, and DanmEps. */
  holds(...owners: readonly string[]): Promise<void>;
  /**
   * Lets a Pod come and go and waits until the cleaner has cleaned up after it: whatever it should, by mistake, have
   * found before is gone then as well.
   */
  outlast(network?: Network): Promise<void>;
}

/** Opens a scene on a DanmNet with both families. */
export async function openScene(cluster: OwnCluster, group: ApiGroup = GROUP): Promise<Scene> {
  const admin = cluster.client();
  const namespace = await createApiNamespace(admin);
  const network = await createNetwork(admin, namespace, "a", group);
  const store = createBlockStore(admin, group);
  let passing = 0;

  async function reserve(on: Network, owner: string, family: Family, wish: string): Promise<Reservation> {
    const address = parseAddress(wish);
    const context = { node: "node-1", owner, now: Date.now, signal: soon().signal, intend: () => Promise.resolve() };
    const request = address ? { kind: "static", address } as const : { kind: "dynamic" } as const;
    return await reserveAddress(store, poolOf(on, family)!, request, context);
  }

  const scene: Scene = {
    admin,
    namespace,
    network,
    async createPod(name) {
      if (name === undefined) return await createPod(admin, namespace, undefined, undefined, "");
      const spec = { containers: [{ name: "main", image: "none" }] };
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
      const made = await admin.create<{ metadata: { uid: string } }>({ ...PODS, namespace }, pod, soon());
      return { namespace, name, uid: made.metadata.uid };
    },
    async createMirrorPod(name, uid) {
      const annotations = { "kubernetes.io/config.mirror": uid };
      const containers = [{ name: "main", image: "none" }];
      // The API server knows a copy by its node; nobody confirms that its containers have ended.
      const spec = { nodeName: "node-1", terminationGracePeriodSeconds: 0, containers };
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, annotations }, spec };
      await admin.create({ ...PODS, namespace }, pod, soon());
      return { namespace, name, uid };
    },
    deletePod: ({ name }) => admin.delete({ ...PODS, namespace, name }, soon()), // at once: it is on no node
    async attach({ uid, name }, wish = { ip: "dynamic" }) {
      const { ip, ip6, containerId = "c1", index = 0, recorded = true, network: on = network } = wish;
      const owner = formatOwner({ podUid: uid, containerId, interfaceIndex: index });
      const addresses = { 4: "", 6: "" };
      for (const [family, text] of [[4, ip], [6, ip6]] as const) {
        if (text === undefined) continue;
        const { address, prefix } = await reserve(on, owner, family, text);
        addresses[family] = cidr(address, prefix);
      }
      if (recorded) {
        const endpoint = endpointOf(on, { uid, name }, containerId, index, addresses);
        await admin.create({ ...resourceFor("DanmEp", group), namespace }, endpoint, soon());
      }
      return owner;
    },
    async blocks() {
      const all = await listAll<AddressBlock>(admin, resourceFor("AddressBlock", group), soon());
      return all.filter(({ spec }) => spec.network?.uid === network.metadata.uid);
    },
    async owners() {
      return (await scene.blocks()).flatMap(({ spec }) => Object.values(spec.allocations ?? {})).sort();
    },
    async recorded() {
      const endpoints = await listAll<DanmEp>(admin, { ...resourceFor("DanmEp", group), namespace }, soon());
      return endpoints.map(({ spec }) => spec.EndpointID).sort();
    },
    async holds(...owners) {
      const expected = JSON.stringify([...owners].sort());
      await eventually("see who is left", async () => {
        const found = [await scene.owners(), await scene.recorded()];
        const [held, recorded] = found.map((each) => JSON.stringify([...new Set(each)]));
        if (held === expected && recorded === expected) return true;
        throw new Error(`addresses of ${held}, DanmEps of ${recorded}, must be ${expected}`);
      });
    },
    async outlast(on = network) {
      const pod = await scene.createPod();
      const owner = await scene.attach(pod, { ip: "dynamic", containerId: `passing-${passing++}`, network: on });
      await scene.deletePod(pod);
      await eventually("see the cleaner clean up after a Pod", async () => {
        return (await scene.recorded()).includes(owner) ? undefined : true; // which goes last
      });
    },
    [Symbol.dispose]: () => admin[Symbol.dispose](),
  };
  return scene;
}

/** Makes a DanmNet with both families. */
export async function createNetwork(
  admin: KubeClient,
  namespace: string,
  name: string,
  group: ApiGroup = GROUP,
): Promise<Network> {
  const network = {
    apiVersion: apiVersionOf(group),
    kind: "DanmNet",
    metadata: { name },
    spec: {
      NetworkID: "a",
      NetworkType: "macvlan",
      Options: { host_device: "eth0", cidr: "10.1.0.0/20", net6: "2001:db8::/64" },
    },
  };
  return await admin.create<Network>({ ...resourceFor("DanmNet", group), namespace }, network, soon());
}

function cidr(address: Address, prefix: number): string {
  return `${formatAddress(address)}/${prefix}`;
}

/** The DanmEp that danm would make. */
export function endpointOf(
  network: Network,
  pod: Pick<TestPod, "uid" | "name">,
  containerId: string,
  index: number,
  addresses: { readonly 4: string; readonly 6: string },
): DanmEp {
  return {
    apiVersion: network.apiVersion,
    kind: "DanmEp",
    metadata: { name: `${pod.name}-${containerId}-${index}`, namespace: network.metadata.namespace! },
    spec: {
      NetworkName: network.metadata.name,
      NetworkType: "macvlan",
      NetworkUID: network.metadata.uid!,
      EndpointID: formatOwner({ podUid: pod.uid, containerId, interfaceIndex: index }),
      apiType: network.kind,
      Host: "node-1",
      Pod: pod.name,
      PodUID: pod.uid,
      CID: containerId,
      netns: "/run/netns/x",
      Interface: {
        Name: `eth${index}`,
        Address: addresses[4],
        AddressIPv6: addresses[6],
        MacAddress: "",
        proutes: {},
        proutes6: {},
        DeviceID: "",
      },
    },
  };
}

/** A namespace with Services and Pods, where a test does what users, kubelet and danm do. */

import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { type Endpoint, ENDPOINT_SLICES, type EndpointSlice } from "../../lib/api/endpoint_slice.ts";
import { ENDPOINTS, type Endpoints } from "../../lib/api/endpoints.ts";
import type { NetworkKind } from "../../lib/api/network.ts";
import { type ApiGroup, apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { isNotFound } from "../../lib/kube/client/kube_error.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { createApiNamespace, type TestPod } from "../runtime/test_pod.ts";

const SERVICES = { group: "", version: "v1", plural: "services" };
const PODS = { group: "", version: "v1", plural: "pods" };

/** A signal for one call of a test. */
export const soon = () => ({ signal: AbortSignal.timeout(60_000) });

/** What of a Pod endpoints show. */
export interface PodWish {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Ready unless told otherwise. */
  readonly ready?: boolean;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  /** It is the API's copy of a static Pod that kubelet knows by this UID. */
  readonly mirrorOf?: string;
}

/** One interface as danm records it: on DanmNet `net` unless told otherwise. */
export interface Attachment {
  readonly network?: string;
  readonly kind?: NetworkKind;
  /** With prefix length. */
  readonly ip?: string;
  readonly ip6?: string;
  readonly group?: ApiGroup;
  /** The sandbox, `c1` unless told otherwise. */
  readonly containerId?: string;
}

/** The scene. Disposing closes its client; what is in the cluster stays. */
export interface ServiceScene extends Disposable {
  readonly admin: KubeClient;
  readonly namespace: string;
  /** Creates a headless Service with one port for the Pods with `app: web`; `networks` are its annotations' values. */
  createService(name: string, networks: Readonly<Record<string, string>>, spec?: object): Promise<void>;
  /** Changes a Service by a JSON merge patch (RFC 7396). */
  changeService(name: string, patch: object): Promise<void>;
  deleteService(name: string): Promise<void>;
  createPod(wish?: PodWish): Promise<TestPod>;
  /** Says, as kubelet would, how the Pod is. */
  setStatus(pod: TestPod, ready: boolean, phase?: string): Promise<void>;
  changePod(pod: TestPod, patch: object): Promise<void>;
  /** Asks the Pod to end; it stays until `removePod()`. */
  terminatePod(pod: TestPod): Promise<void>;
  /** Removes the Pod at once: kubelet's last word. */
  removePod(pod: TestPod): Promise<void>;
  /** Records an interface of the Pod. Resolves to the DanmEp's name. */
  attach(pod: TestPod, attachment: Attachment): Promise<string>;
  detach(danmEp: string, group?: ApiGroup): Promise<void>;
  slices(service: string): Promise<readonly EndpointSlice[]>;
  endpoints(name: string): Promise<Endpoints | undefined>;
  /** Waits until the Service's slices hold exactly these addresses, with their conditions if those are named. */
  publishes(service: string, ...addresses: readonly (string | PublishedAddress)[]): Promise<readonly EndpointSlice[]>;
  /** Notes of the Events about an object of the scene with this name and reason. */
  eventNotes(name: string, reason: string): Promise<readonly string[]>;
}

/** An address and what must be true of it: some of `ready`, `serving`, `terminating`; nothing else may be. */
export type PublishedAddress = readonly [address: string, ...conditions: readonly string[]];

/** Opens a scene in a namespace of its own. */
export async function openServiceScene(cluster: Cluster, group: ApiGroup = DEFAULT_API_GROUP): Promise<ServiceScene> {
  const admin = cluster.client();
  const namespace = await createApiNamespace(admin);
  const { certPem: cert, keyPem: key } = loadKubeconfig(cluster.kubeconfig).clientCertificate!;
  const asKubelet = Deno.createHttpClient({ caCerts: [cluster.caPem], cert, key }); // DANM's client knows no grace periods
  let attached = 0;
  const merge = async (ref: { readonly plural: string }, name: string, body: object, subresource?: string) => {
    const target = { group: "", version: "v1", ...ref, namespace, name, ...(subresource && { subresource }) };
    await admin.patch(target, { type: "merge", body }, soon());
  };

  const scene: ServiceScene = {
    admin,
    namespace,
    async createService(name, networks, spec = {}) {
      const named = Object.entries(networks).map(([key, value]) => [`danm.k8s.io/${key}`, value]);
      const annotations = { "danm.k8s.io/selector": '{"app":"web"}', ...Object.fromEntries(named) };
      const ports = [{ name: "http", port: 80 }];
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, annotations },
        spec: { clusterIP: "None", ports, ...spec },
      };
      await admin.create({ ...SERVICES, namespace }, service, soon());
    },
    changeService: (name, patch) => merge(SERVICES, name, patch),
    deleteService: (name) => admin.delete({ ...SERVICES, namespace, name }, soon()),
    async createPod({ name, labels = { app: "web" }, ready = true, nodeName = "node-1", mirrorOf, ...host } = {}) {
      const spec = { nodeName, ...host, containers: [{ name: "main", image: "none" }] };
      const annotations = mirrorOf === undefined ? {} : { "kubernetes.io/config.mirror": mirrorOf };
      const metadata = { ...(name === undefined ? { generateName: "pod-" } : { name }), labels, annotations };
      const pod = { apiVersion: "v1", kind: "Pod", metadata, spec };
      const made = await admin.create<{ metadata: { name: string; uid: string } }>({ ...PODS, namespace }, pod, soon());
      const created = { namespace, ...made.metadata };
      await scene.setStatus(created, ready);
      return created;
    },
    setStatus: ({ name }, ready, phase = "Running") =>
      merge(
        PODS,
        name,
        { status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } },
        "status",
      ),
    changePod: ({ name }, patch) => merge(PODS, name, patch),
    terminatePod: ({ name }) => admin.delete({ ...PODS, namespace, name }, soon()),
    async removePod({ name }) {
      const url = `${cluster.url}/api/v1/namespaces/${namespace}/pods/${name}`;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 });
      const response = await fetch(url, { method: "DELETE", client: asKubelet, headers, body, ...soon() });
      if (!response.ok) throw new Error(`Cannot remove Pod ${name}: ${await response.text()}`);
      await response.body?.cancel();
    },
    async attach(pod, attachment) {
      const endpoint = danmEp(pod, attachment, attached++, attachment.group ?? group);
      await admin.create({ ...resourceFor("DanmEp", attachment.group ?? group), namespace }, endpoint, soon());
      return endpoint.metadata.name;
    },
    detach: (name, of = group) => admin.delete({ ...resourceFor("DanmEp", of), namespace, name }, soon()),
    async slices(service) {
      const labelSelector = `kubernetes.io/service-name=${service}`;
      return (await admin.list<EndpointSlice>({ ...ENDPOINT_SLICES, namespace }, { labelSelector, ...soon() })).items;
    },
    async endpoints(name) {
      try {
        return await admin.get<Endpoints>({ ...ENDPOINTS, namespace, name }, soon());
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async publishes(service, ...addresses) {
      const expected = addresses.map((each) => typeof each === "string" ? each : each.join(" ")).sort();
      return await eventually(`see the endpoints of ${service}`, async () => {
        const slices = await scene.slices(service);
        const found = slices.flatMap(({ endpoints }) => endpoints ?? []).map((endpoint) => {
          const [address = ""] = endpoint.addresses;
          return addresses.some((each) => typeof each !== "string" && each[0] === address)
            ? inWords(endpoint)
            : address;
        });
        if (found.sort().join() === expected.join()) return slices;
        throw new Error(`they are ${found.join(", ") || "none"}, must be ${expected.join(", ") || "none"}`);
      });
    },
    async eventNotes(name, reason) {
      const events = { group: "events.k8s.io", version: "v1", plural: "events", namespace };
      const { items } = await admin.list<{ reason: string; note: string; regarding: { name: string } }>(events, soon());
      return items.filter((event) => event.regarding.name === name && event.reason === reason).map(({ note }) => note);
    },
    [Symbol.dispose]() {
      admin[Symbol.dispose]();
      asKubelet.close();
    },
  };
  return scene;
}

function inWords({ addresses, conditions = {} }: Endpoint): string {
  const held = Object.entries(conditions).filter(([, value]) => value).map(([name]) => name);
  return [addresses[0], ...held].join(" ");
}

/** The DanmEp that danm would make. */
function danmEp(pod: TestPod, attachment: Attachment, index: number, group: ApiGroup): DanmEp {
  const { network = "net", kind = "DanmNet", ip = "", ip6 = "", containerId = "c1" } = attachment;
  return {
    apiVersion: apiVersionOf(group),
    kind: "DanmEp",
    metadata: { name: `${pod.name}-${index}`, namespace: pod.namespace },
    spec: {
      NetworkName: network,
      NetworkType: "ipvlan",
      NetworkUID: `uid-of-${network}`,
      EndpointID: `${pod.uid}/${containerId}/${index}`,
      apiType: kind,
      Host: "node-1",
      Pod: pod.name,
      PodUID: pod.uid,
      CID: containerId,
      netns: "/run/netns/x",
      Interface: {
        Name: `eth${index}`.slice(0, 15),
        Address: ip,
        AddressIPv6: ip6,
        MacAddress: "",
        proutes: {},
        proutes6: {},
        DeviceID: "",
      },
    },
  };
}

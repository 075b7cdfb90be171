/** Pods of two namespaces on two networks of one node, netwatcher on that node, and packets between them. */

import { fromFileUrl } from "@std/path/posix";
import type { PolicyKind, PolicySpec } from "../../lib/api/network_policy.ts";
import type { NetworkOptions } from "../../lib/api/network.ts";
import { apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { Result } from "../../lib/cni/result.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { POLICY_RESOURCES } from "../../lib/plugin/policies/read_policies.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createNamespace, joinNamespaces, type TestNamespace } from "../netns.ts";
import { applyNetwatcher, applyNetworkCrds } from "../netwatcher/test_cluster.ts";
import { createWatchedNode, type WatchedNode } from "../netwatcher/watched_node.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import type { TestPod } from "../runtime/test_pod.ts";

const PROBE = fromFileUrl(new URL("probe.pl", import.meta.url));

/** An emulated machine on a busy host needs more than the 30 s that danm takes at most otherwise. */
const PATIENT = { timeout: 300 };

/** A Pod that danm has attached, or is to. */
export interface PolicedPod {
  readonly pod: TestPod;
  readonly netns: TestNamespace;
  readonly sandbox: Sandbox;
  /** Of its interfaces, in order, without prefix length. */
  readonly addresses: string[];
}

/** What a Pod of a test is. */
export interface PodWishes {
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly object[];
  readonly interfaces: readonly { readonly on: string; readonly ip?: string; readonly ip6?: string }[];
}

export interface PolicedScene extends AsyncDisposable {
  readonly node: WatchedNode;
  /** The other end of the wire that the node's interface `eth1` is an end of, called `wire`. */
  readonly outside: TestNamespace;
  /** Two namespaces of the API; the second has the label `team: b`. */
  readonly namespaces: readonly [string, string];
  /** A ClusterNetwork, which only this scene calls so. */
  createNetwork(
    name: string,
    options: NetworkOptions,
    spec?: { readonly NetworkType?: string; readonly NetworkID?: string },
    annotations?: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** Creates it, for one network where that is named, and resolves to its name. */
  createPolicy(namespace: string, spec: PolicySpec, policyFor?: string, kind?: PolicyKind): Promise<string>;
  changePolicy(namespace: string, name: string, spec: PolicySpec): Promise<void>;
  deletePolicy(namespace: string, name: string): Promise<void>;
  label(pod: TestPod, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Creates a Pod and the namespace of its container. */
  createPod(wishes: PodWishes): Promise<PolicedPod>;
  /** ADD; resolves to the answer, an error's as well. */
  add(pod: PolicedPod): Promise<{ readonly code: number; readonly answer: unknown }>;
  /** Creates a Pod, and ADD that must succeed. */
  attach(wishes: PodWishes): Promise<PolicedPod>;
  detach(pod: PolicedPod): Promise<void>;
  /** Which of `targets` answer, as `probe.pl` has them. */
  probe(from: Pick<TestNamespace, "run">, targets: readonly string[]): Promise<string[]>;
}

/** Applies what the scene needs to `cluster`; resolves to netwatcher's kubeconfig. */
export async function preparePolicies(cluster: Cluster): Promise<string> {
  await applyNetworkCrds(cluster);
  await applyManifests(cluster, fromFileUrl(new URL("multi_networkpolicies.yaml", import.meta.url)));
  return await applyNetwatcher(cluster);
}

export async function createPolicedScene(
  cluster: Cluster,
  client: KubeClient,
  kubeconfig: string,
): Promise<PolicedScene> {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await createWatchedNode(cluster, kubeconfig));
  const outside = stack.use(await createNamespace());
  await joinNamespaces({ namespace: node.netns, name: "eth1" }, { namespace: outside, name: "wire" });
  const namespaces = [await cluster.createNamespace(), await cluster.createNamespace()] as const;
  await cluster.kubectl("label", "namespace", namespaces[1], "team=b");
  stack.defer(async () => {
    // What is left of them would be policies, and networks, of every later test's netwatcher.
    for (const namespace of namespaces) {
      const kinds = "networkpolicies,multi-networkpolicies.k8s.cni.cncf.io";
      await cluster.kubectl("delete", kinds, "--all", "--namespace", namespace);
    }
  });
  const done = stack.move();
  const pods = { group: "", version: "v1", plural: "pods" };
  const networks = resourceFor("ClusterNetwork", DEFAULT_API_GROUP);
  const own = (name: string) => `${namespaces[0]}-${name}`;
  let count = 0;

  const scene: PolicedScene = {
    node,
    outside,
    namespaces,
    async createNetwork(name, options, spec = {}, annotations = {}) {
      const onWire = spec.NetworkType === undefined || ["ipvlan", "macvlan"].includes(spec.NetworkType);
      await client.create(networks, {
        apiVersion: apiVersionOf(DEFAULT_API_GROUP),
        kind: "ClusterNetwork",
        metadata: { name: own(name), annotations },
        spec: { NetworkType: "macvlan", ...spec, Options: { ...(onWire && { host_device: "eth1" }), ...options } },
      }, soon());
    },
    async createPolicy(namespace, spec, policyFor, kind = "NetworkPolicy") {
      const { group, version } = POLICY_RESOURCES[kind];
      const annotations = policyFor === undefined
        ? {}
        : { "danm.k8s.io/policy-for": `clusterNetwork/${own(policyFor)}` };
      const { metadata } = await client.create<{ metadata: { name: string } }>(
        { ...POLICY_RESOURCES[kind], namespace },
        { apiVersion: `${group}/${version}`, kind, metadata: { generateName: "policy-", annotations }, spec },
        soon(),
      );
      return metadata.name;
    },
    async changePolicy(namespace, name, spec) {
      const body = { spec };
      await client.patch({ ...POLICY_RESOURCES.NetworkPolicy, namespace, name }, { type: "merge", body }, soon());
    },
    async deletePolicy(namespace, name) {
      await client.delete({ ...POLICY_RESOURCES.NetworkPolicy, namespace, name }, soon());
    },
    async label({ namespace, name }, labels) {
      await client.patch({ ...pods, namespace, name }, { type: "merge", body: { metadata: { labels } } }, soon());
    },
    async createPod({ namespace, labels = {}, ports = [], interfaces }) {
      const requests = interfaces.map(({ on, ...request }) => ({ clusterNetwork: own(on), ...request }));
      const annotations = { "danm.k8s.io/interfaces": JSON.stringify(requests) };
      const { metadata: { name, uid } } = await client.create<{ metadata: { name: string; uid: string } }>(
        { ...pods, namespace },
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { generateName: "pod-", annotations, labels },
          spec: {
            nodeName: node.name,
            terminationGracePeriodSeconds: 0,
            containers: [{ name: "main", image: "none", ports }],
          },
        },
        soon(),
      );
      const netns = done.use(await createNamespace());
      const pod = { namespace, name, uid };
      return { pod, netns, sandbox: { containerId: `${namespace}-${count++}`, netns: netns.path, pod }, addresses: [] };
    },
    add: async ({ sandbox }) => await node.runtime.call("ADD", sandbox, PATIENT),
    async attach(wishes) {
      const pod = await scene.createPod(wishes);
      const { code, answer } = await scene.add(pod);
      if (code !== 0) throw new Error(`Cannot attach: ${JSON.stringify(answer)}`);
      pod.addresses.push(...(answer as Result).ips.map(({ address }) => address.replace(/\/.*/, "")));
      return pod;
    },
    async detach({ sandbox }) {
      const { code, answer } = await node.runtime.call("DEL", sandbox, PATIENT);
      if (code !== 0) throw new Error(`Cannot detach: ${JSON.stringify(answer)}`);
    },
    async probe(from, targets) {
      return (await from.run("perl", PROBE, ...targets)).trim().split("\n").filter((line) => line !== "");
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
  return scene;
}

function soon(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(60_000) };
}

/** A node for tests of bin/danm: a runtime, a host interface to build on, and a namespace of the API to create Pods in. */

import type { Network, NetworkKind, NetworkOptions, NetworkSpec } from "../../lib/api/network.ts";
import { type ApiGroup, apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { Result } from "../../lib/cni/result.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster, ServiceAccount } from "../cluster/cluster.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import { HAS_AGENT } from "./agent_choice.ts";
import { type ContainerRuntime, createRuntime, type Sandbox } from "./container_runtime.ts";
import { clusterLeftovers, journalLeftovers, namespaceLeftovers, processLeftovers } from "./leftovers.ts";
import { type DaemonProcess, startDaemon } from "./daemon_process.ts";
import { createApiNamespace, createPod } from "./test_pod.ts";

const MANIFESTS = ["crds/lightweight", "crds/production", "manifests/danm/rbac.yaml"]
  .map((path) => new URL(`../../${path}`, import.meta.url).pathname);

const AGENT_RIGHTS = new URL("../../manifests/netwatcher/rbac.yaml", import.meta.url).pathname;

/** Who danm is to the API server: the rights of its manifest, and no others. */
export const DANM_ACCOUNT: ServiceAccount = { namespace: "kube-system", name: "danm" };

/** A Pod with a namespace of its own to be attached to. */
export interface TestContainer extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly netns: TestNamespace;
}

/** Everything a test of danm needs; disposing takes it all back. */
export interface TestNode extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  /** Namespace of the API. */
  readonly namespace: string;
  /** Name of the node its Pods are on. */
  readonly name: string;
  readonly runtime: ContainerRuntime;
  /** A host interface that is up; one end of a veth pair whose other end is `uplink` in `peer`. */
  readonly parent: string;
  readonly peer: TestNamespace;
  /** Creates a network; one on `parent` with macvlan unless `spec` says otherwise. */
  createNetwork(
    name: string,
    options: NetworkOptions,
    spec?: Partial<NetworkSpec> & { readonly kind?: NetworkKind; readonly group?: ApiGroup },
  ): Promise<Network>;
  /** Creates a Pod that asks for `interfaces`, and the namespace of its container. */
  createContainer(
    interfaces?: readonly unknown[] | string,
    annotation?: string,
    otherAnnotations?: Readonly<Record<string, string>>,
  ): Promise<TestContainer>;
  /** ADD that must succeed. */
  attach(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<Result>;
  /** ADD that must fail; resolves to the error's message. */
  attachFails(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** DEL that must succeed. */
  detach(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<void>;
  /** DEL that must fail; resolves to the error's message. */
  detachFails(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** CHECK that must find nothing. */
  check(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<void>;
  /** CHECK that must find something; resolves to the error's message. */
  checkFails(container: TestContainer, changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** GC that must succeed; only the given containers are still valid. */
  collectGarbage(valid: readonly TestContainer[], changes?: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * What danm has left, of `container` or of all of this node's: DanmEps, addresses, journals, processes, and whatever
   * is in the namespaces of containers that still exist. Empty when everything is taken back.
   */
  leftovers(container?: TestContainer): Promise<string[]>;
}

/**
 * Starts netwatcher on a node; resolves when it serves attachments and knows what there is.
 *
 * @param server where it finds the API server, for what it follows; it serves calls with their own kubeconfig
 */
export async function startAgent(
  { cluster, name, runtime }: Pick<TestNode, "cluster" | "name" | "runtime">,
  server?: string,
): Promise<DaemonProcess> {
  await applyManifests(cluster, AGENT_RIGHTS);
  await using undo = new AsyncDisposableStack();
  const agent = undo.use(startDaemon(
    "netwatcher",
    `--kubeconfig=${await cluster.kubeconfigFor({ namespace: "kube-system", name: "netwatcher" }, server)}`,
    `--node-name=${name}`,
    `--state-dir=${runtime.stateDir}`,
    `--cni-path=${runtime.binDir}`,
  ));
  await agent.says("serving attachments");
  await agent.ready();
  undo.move();
  return agent;
}

/** Sets a node up on `cluster`, with both sets of CRDs; danm is {@link DANM_ACCOUNT} there unless `kubeconfig` says otherwise. */
export async function createTestNode(cluster: Cluster, kubeconfig?: string): Promise<TestNode> {
  await using undo = new AsyncDisposableStack();
  await applyManifests(cluster, ...MANIFESTS);
  const client = undo.use(cluster.client());
  const namespace = await createApiNamespace(client);
  const runtime = undo.use(await createRuntime(cluster, kubeconfig ?? await cluster.kubeconfigFor(DANM_ACCOUNT)));
  const peer = undo.use(await createNamespace());
  const parent = `t${crypto.randomUUID().slice(0, 8)}`;
  await peer.ip("link", "add", "uplink", "type", "veth", "peer", "name", parent, "netns", `${Deno.pid}`);
  await peer.ip("link", "set", "uplink", "up");
  await peer.run("nsenter", `--net=/proc/${Deno.pid}/ns/net`, "--", "ip", "link", "set", parent, "up");
  const name = `node-${namespace}`;
  if (HAS_AGENT) undo.use(await startAgent({ cluster, name, runtime }));
  const live = new Set<TestContainer>();
  let containers = 0;

  const succeed = async (command: string, { sandbox }: TestContainer, changes?: Readonly<Record<string, unknown>>) => {
    const { code, answer, stderr } = await runtime.call(command, sandbox, changes);
    if (code !== 0) throw new Error(`${command} failed: ${JSON.stringify(answer)} ${stderr}`);
    return answer;
  };
  const fail = async (command: string, { sandbox }: TestContainer, changes?: Readonly<Record<string, unknown>>) => {
    const { code, answer, stderr } = await runtime.call(command, sandbox, changes);
    if (code === 0) throw new Error(`${command} succeeded: ${JSON.stringify(answer)} ${stderr}`);
    const { msg, details } = answer as { msg: string; details?: string };
    return details === undefined ? msg : `${msg}: ${details}`;
  };
  const done = undo.move();
  return {
    cluster,
    client,
    namespace,
    name,
    runtime,
    parent,
    peer,
    async createNetwork(name, options, { kind = "DanmNet", group = DEFAULT_API_GROUP, ...spec } = {}) {
      const resource = resourceFor(kind, group);
      const NetworkType = spec.NetworkType ?? "macvlan";
      const onParent = ["ipvlan", "macvlan"].includes(NetworkType.toLowerCase()) ? { host_device: parent } : {};
      const network = {
        apiVersion: apiVersionOf(group),
        kind,
        metadata: { name },
        spec: { NetworkType, ...spec, Options: { ...onParent, ...options } },
      };
      const collection = { ...resource, ...(resource.namespaced && { namespace }) };
      return await client.create<Network>(collection, network, { signal: soon() });
    },
    async createContainer(interfaces, annotation, otherAnnotations) {
      const pod = await createPod(client, namespace, interfaces, annotation, name, otherAnnotations);
      const netns = await createNamespace();
      const sandbox = { containerId: `${namespace}-${containers++}`, netns: netns.path, pod };
      const container: TestContainer = {
        sandbox,
        netns,
        async [Symbol.asyncDispose]() {
          live.delete(container);
          await netns[Symbol.asyncDispose]();
        },
      };
      live.add(container);
      return container;
    },
    attach: async (container, changes) => await succeed("ADD", container, changes) as Result,
    attachFails: (container, changes) => fail("ADD", container, changes),
    detach: async (container, changes) => void await succeed("DEL", container, changes),
    detachFails: (container, changes) => fail("DEL", container, changes),
    check: async (container, changes) => void await succeed("CHECK", container, changes),
    checkFails: (container, changes) => fail("CHECK", container, changes),
    async collectGarbage(valid, changes) {
      const attachments = valid.map(({ sandbox }) => ({ containerID: sandbox.containerId, ifname: "eth0" }));
      const request = { cniVersion: "1.1.0", "cni.dev/valid-attachments": attachments, ...changes };
      const { code, answer } = await runtime.call("GC", undefined, request);
      if (code !== 0) throw new Error(`GC failed: ${JSON.stringify(answer)}`);
    },
    async leftovers(container) {
      const isMeant = (containerId: string) =>
        container ? containerId === container.sandbox.containerId : containerId.startsWith(`${namespace}-`);
      const found = await Promise.all([
        clusterLeftovers(client, namespace, isMeant),
        journalLeftovers(runtime.stateDir, isMeant),
        processLeftovers(isMeant),
        ...[...live].filter(({ sandbox }) => isMeant(sandbox.containerId)).map(({ netns }) =>
          namespaceLeftovers(netns)
        ),
      ]);
      return found.flat();
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

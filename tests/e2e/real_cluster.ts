import { fromFileUrl } from "@std/path/posix";
import type { OwnCluster } from "../cluster/start_cluster.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { writeTestImages } from "../node/image_archive.ts";
import type { NodeMachine } from "../node/node_machine.ts";
import { createNodeNetwork, type NodeNetwork } from "../node/node_network.ts";
import { startControlPlane } from "../node/start_control_plane.ts";
import { startNode } from "../node/start_node.ts";

/** A cluster that runs Pods. Disposing of it ends all of it. */
export interface RealCluster extends OwnCluster {
  readonly nodes: readonly NodeMachine[];
  /** Makes a node of a machine that was switched on again. */
  join(node: NodeMachine): Promise<void>;
}

/** Starts a machine of this number on the network. */
export type StartMachine = (network: NodeNetwork, number: number, images: readonly string[]) => Promise<NodeMachine>;

const COREDNS = fromFileUrl(new URL("coredns.yaml", import.meta.url));

/**
 * Starts a cluster of one node for each of `machines`, with a DNS, and with no network for Pods but a bridge: the rest is
 * for DANM to be.
 *
 * @param tell gets what is being done
 */
export async function startRealCluster(
  machines: readonly StartMachine[],
  tell: (step: string) => void = () => {},
): Promise<RealCluster> {
  await using cleanUp = new AsyncDisposableStack();
  const network = cleanUp.use(await createNodeNetwork());
  const cluster = cleanUp.use(await startControlPlane(network.address));
  tell("etcd, kube-apiserver, kube-controller-manager and kube-scheduler run");
  const images = [`${cluster.folder}/test-images.tar`, ...await danmImages()];
  await writeTestImages(images[0]!);
  const join = async (node: NodeMachine) => {
    await addBridge(node, network, machines.length);
    await startNode(cluster, node, images);
  };
  const starting = machines.map(async (startMachine, index) => {
    const node = cleanUp.use(await startMachine(network, index + 1, images));
    await join(node);
    tell(`${node.name} runs containerd, kubelet and kube-proxy`);
    return node;
  });
  // The DNS comes to the first node that is there.
  const addDns = Promise.any(starting).then(() => cluster.kubectl("apply", `--filename=${COREDNS}`));
  const [nodes] = await Promise.all([Promise.all(starting), addDns]);
  const owned = cleanUp.move();
  return { ...cluster, nodes, join, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Gives a node the network that Pods have without DANM: a bridge on each node, and routes between them. */
async function addBridge(node: NodeMachine, network: NodeNetwork, count: number): Promise<void> {
  const [wire] = network.wires;
  const subnet = (number: number) => `10.244.${number}.0/24`;
  for (let number = 1; number <= count; number++) {
    const address = wire.nodeAddress(number);
    const config = {
      cniVersion: "1.0.0",
      name: "cbr0",
      type: "bridge",
      bridge: "cbr0",
      isDefaultGateway: true,
      ipam: { type: "host-local", subnet: subnet(number) },
    };
    if (address === node.address) await Deno.writeTextFile(`${node.folder}/cbr0.conf`, JSON.stringify(config));
    else await node.run("ip", "route", "replace", subnet(number), "via", address.replace(/\/.*/, ""));
  }
  await node.run("cp", `${node.folder}/cbr0.conf`, "/etc/cni/net.d/");
}

/** What `make images` made. */
async function danmImages(): Promise<string[]> {
  const folder = `${cacheFolder()}/images`;
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => name.endsWith(".tar")).sort().map((name) => `${folder}/${name}`);
}

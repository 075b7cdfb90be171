import { fromFileUrl } from "@std/path/posix";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { cniPluginFolder } from "../cluster/find_binary.ts";
import { cacheFolder } from "./cache_folder.ts";
import { CONTAINERD_TOML, kubeletConfig, proxyConfig } from "./node_files.ts";
import type { NodeMachine } from "./node_machine.ts";

const SCRIPT = fromFileUrl(new URL("node.sh", import.meta.url));

/** The reference CNI plugins that a node has. */
const PLUGINS = ["bridge", "host-local", "loopback", "macvlan"];

/**
 * Makes a machine a node of the cluster: containerd, kubelet, kube-proxy. Again after each start of the machine.
 *
 * @param images archives of the images that Pods there may run, unless they are on its disk; there is no registry
 */
export async function startNode(cluster: Cluster, machine: NodeMachine, images: readonly string[]): Promise<void> {
  const { name, folder, cgroupRoot } = machine;
  const kubeconfig = async (file: string, commonName: string, ...organizations: string[]) => {
    const path = await cluster.writeKubeconfig({
      certificate: await cluster.issueClientCertificate({ commonName, organizations }),
    });
    await Deno.rename(path, `${folder}/${file}`);
  };
  await Promise.all([
    kubeconfig("kubelet.kubeconfig", `system:node:${name}`, "system:nodes"),
    kubeconfig("kube-proxy.kubeconfig", "system:kube-proxy"),
    Deno.writeTextFile(`${folder}/ca.crt`, cluster.caPem),
    Deno.writeTextFile(`${folder}/address`, machine.address.replace(/\/.*/, "")),
    Deno.writeTextFile(`${folder}/containerd.toml`, CONTAINERD_TOML),
    Deno.writeTextFile(`${folder}/kubelet.yaml`, kubeletConfig({ cgroupRoot, caFile: `${folder}/ca.crt` })),
    Deno.writeTextFile(
      `${folder}/kube-proxy.yaml`,
      proxyConfig({ name, kubeconfig: `${folder}/kube-proxy.kubeconfig` }),
    ),
  ]);
  // The addresses of Services belong to no link, so what is sent to them needs a route to be rewritten on its way.
  await machine.run("ip", "route", "replace", "default", "via", new URL(cluster.url).hostname);
  const plugins = await cniPluginFolder();
  await machine.run("mkdir", "-p", "/opt/cni/bin");
  await machine.run("cp", "--update", ...PLUGINS.map((plugin) => `${plugins}/${plugin}`), "/opt/cni/bin/");
  await machine.run("sh", SCRIPT, folder, `${cacheFolder()}/tools`, ...images);
  await eventually(`see ${name} in the cluster`, () => cluster.kubectl("get", "node", name, "--output=name"), 300);
}

/** What Pods leave when something goes wrong, wherever that is; each found thing as a text for a failing assertion. */

import { DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { RealCluster } from "./real_cluster.ts";
import type { NodeMachine } from "../node/node_machine.ts";

/** Prints one thing a line: journals, addresses of the bridge's Pods, namespaces, and links that Pods are on. */
const LIST_ON_NODE = `
cd /var/lib/danm/attachments 2>/dev/null && ls | sed 's/^/journal /'
cd /var/lib/cni/networks/cbr0 2>/dev/null && ls | sed -n 's/^[0-9.]*$/address &/p'
cd /var/run/netns 2>/dev/null && ls | sed 's/^/namespace /'
ip -brief link show type veth | sed -n '/^eth[01]@/!s/ .*//p' | sed 's/^/link /'
`;

interface BlockView {
  readonly spec: { readonly allocations?: Readonly<Record<string, string>> };
}

/** All that is left of Pods when the last one that DANM has attached is gone. */
export async function podLeftovers(cluster: RealCluster): Promise<string[]> {
  using client = cluster.client();
  const signal = AbortSignal.timeout(10_000);
  const [endpoints, blocks, ...onNodes] = await Promise.all([
    client.list<{ readonly metadata: { readonly name: string } }>(resourceFor("DanmEp", DEFAULT_API_GROUP), { signal }),
    client.list<BlockView>(resourceFor("AddressBlock", DEFAULT_API_GROUP), { signal }),
    ...cluster.nodes.map(nodeLeftovers),
  ]);
  const owners = blocks.items.flatMap(({ spec }) => Object.values(spec.allocations ?? {}));
  return [
    ...endpoints.items.map(({ metadata }) => `DanmEp ${metadata.name}`),
    ...owners.map((owner) => `address of ${owner}`),
    ...onNodes.flat(),
  ];
}

/** What is left of them on a node. */
export async function nodeLeftovers(node: NodeMachine): Promise<string[]> {
  const text = await node.run("sh", "-c", LIST_ON_NODE);
  return text.split("\n").filter((line) => line !== "").map((line) => `${line} on ${node.name}`);
}

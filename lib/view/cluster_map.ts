/** A drawing of who is connected to what: nodes, the links on them, networks, Pods. */

import type { DanmEp } from "../api/danm_ep.ts";
import { attachedText, isAttachedTo, parentOf, vniOf } from "./network_names.ts";
import type { Snapshot } from "./snapshot.ts";

/** One network on one node. */
interface Branch {
  readonly network: string;
  /** What its interfaces are made on there: `eth1, vlan 7`. */
  readonly link: string;
  /** Interfaces of Pods: `tenant/web eth0 10.0.0.2`. */
  readonly interfaces: readonly string[];
}

/** Networks by node, each with what is attached there. */
type ClusterMap = ReadonlyMap<string, readonly Branch[]>;

function mapOf({ endpoints, networks }: Snapshot): ClusterMap {
  const byNode = Map.groupBy(endpoints, ({ spec }) => spec.Host);
  const nodes = [...byNode].sort(([a], [b]) => a.localeCompare(b));
  return new Map(nodes.map(([node, attached]) => {
    const byNetwork = [...Map.groupBy(attached, attachedText)].sort(([a], [b]) => a.localeCompare(b));
    return [
      node,
      byNetwork.map(([network, members]) => {
        const known = networks.find((each) => isAttachedTo(members[0]!, each));
        const link = known ? [parentOf(known), vniOf(known)].filter(Boolean).join(", ") : "";
        return { network, link, interfaces: members.map(interfaceText).sort() };
      }),
    ];
  }));
}

function interfaceText({ metadata, spec: { Pod, Interface: { Name, Address, AddressIPv6 } } }: DanmEp): string {
  const addresses = [Address, AddressIPv6].filter((text) => text !== "" && text !== "none");
  return [`${metadata.namespace}/${Pod}`, Name, ...addresses].join(" ");
}

/** The map as a tree for a terminal. */
export function mapText(snapshot: Snapshot): string {
  const lines: string[] = [];
  for (const [node, branches] of mapOf(snapshot)) {
    lines.push(node);
    branches.forEach(({ network, link, interfaces }, at) => {
      const isLast = at === branches.length - 1;
      lines.push(`${isLast ? "└─" : "├─"} ${network}${link === "" ? "" : ` (${link})`}`);
      interfaces.forEach((text, index) => {
        lines.push(`${isLast ? "  " : "│ "} ${index === interfaces.length - 1 ? "└─" : "├─"} ${text}`);
      });
    });
  }
  return lines.length === 0 ? "no Pod has an interface of DANM\n" : `${lines.join("\n")}\n`;
}

/** The map in the language of Graphviz; each node a box, with its Pods, that lines connect to networks. */
export function mapDot(snapshot: Snapshot): string {
  const lines = ["graph danm {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];'];
  const networks = new Set<string>();
  let clusters = 0;
  for (const [node, branches] of mapOf(snapshot)) {
    lines.push(`  subgraph cluster_${clusters++} {`, `    label=${quote(node)};`);
    for (const { network, link, interfaces } of branches) {
      const hub = quote(`${node} ${network}`);
      lines.push(`    ${hub} [label=${quote(link === "" ? "link" : link)}, style=rounded];`);
      for (const text of interfaces) lines.push(`    ${quote(text)} -- ${hub};`);
    }
    lines.push("  }");
    for (const { network } of branches) {
      networks.add(network);
      lines.push(`  ${quote(`${node} ${network}`)} -- ${quote(network)};`);
    }
  }
  for (const network of networks) lines.push(`  ${quote(network)} [shape=ellipse];`);
  return [...lines, "}", ""].join("\n");
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

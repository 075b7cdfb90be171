import { networkOptions } from "../api/network.ts";
import { networkType } from "../api/network_type.ts";
import { isAttachedTo, networkText, parentOf, vniOf } from "./network_names.ts";
import { poolUsage } from "./pool_usage.ts";
import type { Report } from "./report.ts";
import { hiddenNotes, isWhole, type Snapshot } from "./snapshot.ts";

/** Every network: what it is made on, how full it is, how many Pods are on it. */
export function networksReport(snapshot: Snapshot): Report {
  const { networks, endpoints, blocks } = snapshot;
  const troubles: string[] = [];
  const countsUse = isWhole(snapshot, "blocks");
  const rows = networks.map((network) => {
    const { cidr, net6 } = networkOptions(network);
    const usage = poolUsage(network, blocks);
    if (typeof usage === "string") troubles.push(usage);
    const pools = typeof usage === "string" ? [] : usage;
    const used = countsUse && pools.length > 0 ? pools.map((pool) => pool.used).join(" + ") : undefined;
    const free = countsUse && pools.length > 0 ? pools.map(({ size, used }) => size - used).join(" + ") : undefined;
    const pods = new Set(endpoints.filter((each) => isAttachedTo(each, network)).map(({ spec }) => spec.PodUID));
    const subnets = [cidr, net6].filter(Boolean).join(" ") || undefined;
    const place = [networkText(network), networkType(network), parentOf(network), vniOf(network)];
    return [...place, network.spec.NetworkID || undefined, subnets, used, free, pods.size];
  });
  return {
    sections: [{
      name: "networks",
      columns: ["network", "type", "parent", "vni", "networkId", "subnets", "used", "free", "pods"],
      wide: ["networkId"],
      rows,
    }],
    notes: [...troubles, ...hiddenNotes(snapshot)],
  };
}

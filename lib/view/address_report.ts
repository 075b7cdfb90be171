import { networkOptions } from "../api/network.ts";
import { describeOwner, parseOwner } from "../ipam/owner.ts";
import { podUids } from "../api/pod_uid.ts";
import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import { contains, parseSubnet } from "../net/subnet.ts";
import { interfacesSection } from "./interfaces_report.ts";
import { addressesOf, networkText } from "./network_names.ts";
import { holdingsIn } from "./pool_usage.ts";
import type { Report } from "./report.ts";
import { hiddenNotes, isWhole, type Snapshot } from "./snapshot.ts";

/** Who has an address, on every network it may belong to. */
export function addressReport(snapshot: Snapshot, address: Address): Report {
  const text = formatAddress(address);
  const isIt = (other: string) => {
    const parsed = parseAddress(other);
    return parsed !== undefined && formatAddress(parsed) === text;
  };
  const holders = interfacesSection(snapshot.endpoints.filter((each) => addressesOf(each).some(isIt)));
  const networks = snapshot.networks.flatMap((network) => {
    const { cidr, net6 } = networkOptions(network);
    const inside = [cidr, net6].flatMap((subnet) => subnet ? parseSubnet(subnet) ?? [] : [])
      .some((subnet) => contains(subnet, address));
    if (!inside) return [];
    return [[networkText(network), ownerOn(snapshot, network.metadata.uid, text)]];
  });
  return {
    sections: [{ ...holders, wide: ["device", "sandbox"] }, {
      name: "networks",
      columns: ["network", "heldBy"],
      rows: networks,
    }],
    notes: hiddenNotes(snapshot),
  };
}

function ownerOn(snapshot: Snapshot, uid: string | undefined, text: string): string {
  const own = snapshot.blocks.filter(({ spec }) => spec.network?.uid === uid).flatMap(holdingsIn);
  const owner = own.find(({ address }) => formatAddress(address) === text)?.owner;
  if (owner === undefined) return isWhole(snapshot, "blocks") ? "nobody" : "not shown to you";
  const podUid = parseOwner(owner)?.podUid;
  const pod = snapshot.pods.find(({ metadata }) => podUid !== undefined && podUids(metadata).includes(podUid));
  const { namespace, name } = pod?.metadata ?? {};
  return describeOwner(owner, namespace && name ? { namespace, name } : undefined);
}

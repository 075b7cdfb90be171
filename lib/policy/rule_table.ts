/**
 * The rules of a Pod as a table of nftables: sets, and chains of rules that name them. Source: nft(8).
 *
 * What changes when Pods come and go are elements of sets; chains change when policies do. Priorities: what comes in is
 * looked at before a Pod's own port redirection, with the port that the sender meant, what goes out after it; both after
 * the kernel knows which connection a packet belongs to.
 */

import { type Address, type Family, formatAddress } from "../net/address.ts";
import { mergeSubnets } from "../net/merge_subnets.ts";
import type { Subnet } from "../net/subnet.ts";
import type { AllowRule, InterfaceRules, PortRange } from "./interface_rules.ts";

/** A table of rules. */
export interface RuleTable {
  readonly sets: ReadonlyMap<string, RuleSet>;
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

export interface RuleSet {
  /** Type and flags, as nft(8) has them. */
  readonly form: string;
  /** Whether its elements change with Pods, one by one. */
  readonly isLive: boolean;
  readonly elements: ReadonlySet<string>;
}

/** What no policy may cut off: neighbours, routers, group membership and path MTU. Source: RFC 4890 §4.4. */
const NEEDED = [
  "icmpv6 type { packet-too-big, mld-listener-query, mld-listener-report, mld-listener-done, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept",
  "icmp type destination-unreachable icmp code frag-needed accept",
];

const REPLIES = "ct state established,related accept";

/**
 * The table for interfaces that policies hold on.
 *
 * @param node addresses of the Pod's node, whose kubelet may always ask whether the Pod is well
 */
export function ruleTable(interfaces: readonly InterfaceRules[], node: readonly Address[]): RuleTable {
  const sets = new Map<string, RuleSet>();
  const addSet = (name: string, form: string, isLive: boolean, elements: Iterable<string>): string => {
    sets.set(name, { form, isLive, elements: elements instanceof Set ? elements : new Set(elements) });
    return `@${name}`;
  };
  const fromNode = FAMILIES.map((family) =>
    `${family.word} saddr ${addSet(`node${family.number}`, `type ${family.type}`, true, ofFamily(node, family))} accept`
  );
  const chains = new Map<string, string[]>();
  const arrive = ["type filter hook prerouting priority -150; policy accept;"];
  const leave = ["type filter hook postrouting priority 150; policy accept;"];
  chains.set("arrive", arrive).set("leave", leave);
  for (const [index, { name, ingress, egress }] of interfaces.entries()) {
    if (ingress !== undefined) {
      arrive.push(`iifname "${name}" goto in-${index}`);
      const allowed = ingress.flatMap((rule) => matches(rule, "saddr", `in-${index}-${rule.id}`, addSet));
      chains.set(`in-${index}`, [REPLIES, ...NEEDED, ...fromNode, ...allowed, "drop"]);
    }
    if (egress !== undefined) {
      leave.push(`oifname "${name}" goto out-${index}`);
      const allowed = egress.flatMap((rule) => matches(rule, "daddr", `out-${index}-${rule.id}`, addSet));
      chains.set(`out-${index}`, [REPLIES, ...NEEDED, ...allowed, "drop"]);
    }
  }
  return { sets, chains };
}

type AddSet = (name: string, form: string, isLive: boolean, elements: Iterable<string>) => string;

const FAMILIES = [
  { number: 4, word: "ip", type: "ipv4_addr" },
  { number: 6, word: "ip6", type: "ipv6_addr" },
] as const satisfies readonly { number: Family; word: string; type: string }[];

/** The rules of nftables that let through what `rule` allows. */
function matches({ peers, ports }: AllowRule, side: "saddr" | "daddr", name: string, addSet: AddSet): string[] {
  const toPorts = ports === undefined
    ? ""
    : `meta l4proto . th dport ${addSet(`${name}-ports`, PORTS, false, mergePorts(ports.ranges))} `;
  const allowed = peers === undefined ? [`${toPorts}accept`] : FAMILIES.flatMap((family) => {
    const pods = addSet(`${name}-pods${family.number}`, `type ${family.type}`, true, ofFamily(peers.pods, family));
    const subnets = subnetsOf(peers.subnets, family);
    const blocks = subnets.length === 0
      ? []
      : [addSet(`${name}-blocks${family.number}`, `type ${family.type}; flags interval`, false, subnets)];
    return [pods, ...blocks].map((set) => `${family.word} ${side} ${set} ${toPorts}accept`);
  });
  const { named } = ports ?? {};
  if (named === undefined) return allowed;
  return [
    ...allowed,
    ...FAMILIES.map((family) => {
      const own = named.filter(({ address }) => address.family === family.number);
      const elements = own.map(({ address, protocol, port }) => `${formatOnce(address)} . ${protocol} . ${port}`);
      const set = addSet(
        `${name}-named${family.number}`,
        `type ${family.type} . inet_proto . inet_service`,
        true,
        elements,
      );
      return `${family.word} ${side} . meta l4proto . th dport ${set} accept`;
    }),
  ];
}

const PORTS = "type inet_proto . inet_service; flags interval";

/** The same set for the same array: the peers of a rule are in the tables of many interfaces. */
function ofFamily(addresses: readonly Address[], { number }: { readonly number: Family }): ReadonlySet<string> {
  const known = elementsOf.get(addresses) ?? {
    4: new Set(addresses.filter(({ family }) => family === 4).map(formatOnce)),
    6: new Set(addresses.filter(({ family }) => family === 6).map(formatOnce)),
  };
  elementsOf.set(addresses, known);
  return known[number];
}

const elementsOf = new WeakMap<readonly Address[], Readonly<Record<Family, ReadonlySet<string>>>>();

function formatOnce(address: Address): string {
  const text = texts.get(address) ?? formatAddress(address);
  texts.set(address, text);
  return text;
}

const texts = new WeakMap<Address, string>();

/** Ranges that touch or overlap become one: nftables takes no element that another one covers. */
function subnetsOf(subnets: readonly Subnet[], { number }: { readonly number: Family }): string[] {
  return mergeSubnets(subnets.filter(({ family }) => family === number)).map(({ family, first, last }) => {
    const [from, to] = [first, last].map((value) => formatAddress({ family, value }));
    return from === to ? from! : `${from}-${to}`;
  });
}

function mergePorts(ranges: readonly PortRange[]): string[] {
  return [...Map.groupBy(ranges, ({ protocol }) => protocol)].flatMap(([protocol, ofProtocol]) => {
    const merged: { first: number; last: number }[] = [];
    for (const { first, last } of ofProtocol.toSorted((a, b) => a.first - b.first)) {
      const previous = merged.at(-1);
      if (previous && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
      else merged.push({ first, last });
    }
    return merged.map(({ first, last }) => `${protocol} . ${first === last ? first : `${first}-${last}`}`);
  });
}

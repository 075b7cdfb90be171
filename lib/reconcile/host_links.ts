/** Which host links a node should have, and what has to be done about those it has. */

import { isInterfaceName } from "../net/interface_name.ts";
import { formatAddress } from "../net/address.ts";
import { VLAN_PROTOCOL, VXLAN_PORT, vxlanMulticast } from "../net/vni.ts";
import { foreignLinkFlaw } from "./foreign_link.ts";
import { type HostLinkId, hostLinkMtu, hostLinkText, ownLinkName } from "./host_link.ts";
import type { LinkSource, WantedLink } from "./link_source.ts";

/** A link of the host's namespace, as far as it matters here. */
export interface SeenLink {
  readonly index: number;
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** Interface group number. */
  readonly group: number;
  readonly kind?: string;
  /** Further names that it answers to. */
  readonly otherNames?: readonly string[];
  /** Name of the link it is on, when that is in the same namespace. */
  readonly parent?: string;
  /** `protocol` is an EtherType. */
  readonly vlan?: { readonly id: number; readonly protocol: number; readonly keepsTags?: true };
  readonly vxlan?: { readonly id: number; readonly parent?: string; readonly group?: string; readonly port: number };
  /** The bridge or bond it is a port of. */
  readonly master?: string;
}

/** A link to make or to put in order. */
export interface LinkChange extends HostLinkId {
  readonly name: string;
  /** Whether it does not exist yet. */
  readonly make: boolean;
  readonly setMtu?: number;
  /** Further names to give it. */
  readonly addNames?: readonly string[];
  readonly setUp: boolean;
  /** Who asks for it; the oldest first. */
  readonly sources: readonly LinkSource[];
}

/**
 * Why a link is not as it should be:
 * - `ParentMissing`, `ParentDown`: the node has no such interface, or it is not up, so nothing on it can be;
 * - `LinkForeign`: the link is there, not as it should be, and not DANM's to put in order;
 * - `VniTaken`: another link of the node has the VXLAN number, which the kernel gives once per UDP port, whatever the
 *   device, or a link that is not in the host's namespace has the number;
 * - `NameTaken`: something else has every name it could have.
 */
export type LinkProblemReason = "ParentMissing" | "ParentDown" | "LinkForeign" | "VniTaken" | "NameTaken";

/** A wanted link that is not, or will not be, as it should, for a reason that only others can remove. */
export interface LinkProblem extends HostLinkId {
  readonly reason: LinkProblemReason;
  /** Ends a sentence that begins with what the link is. */
  readonly note: string;
  readonly sources: readonly LinkSource[];
}

/** What to do on one node. */
export interface HostLinkPlan {
  /** Links that are wanted, and who wants them. */
  readonly wanted: readonly DesiredLink[];
  readonly changes: readonly LinkChange[];
  /** DANM's own that nobody wants: to be removed unless something uses them. */
  readonly remove: readonly SeenLink[];
  /** DANM's own that nobody wants, but that another link of the host is on. */
  readonly keep: readonly { readonly link: SeenLink; readonly usedBy: string }[];
  readonly problems: readonly LinkProblem[];
}

/** One link that some object asks for. */
export interface DesiredLink extends HostLinkId {
  /** What it is called on this node, or is about to be; absent when it is not there and cannot be made. */
  readonly name?: string;
  readonly preferredNames: readonly string[];
  /** All of them, as one interface of the node may be known by several names to those who ask. */
  readonly requiredNames: readonly string[];
  readonly sources: readonly LinkSource[];
}

/** How many names of its own a link may try. */
const OWN_NAMES = 4;

/**
 * Compares what `sources` ask for with the links of the node. Carried out on these links, another plan would be empty but
 * for what cannot be done.
 *
 * @param group the interface group of links that DANM made; all others are never changed
 */
export function planHostLinks(
  sources: readonly LinkSource[],
  links: readonly SeenLink[],
  group: number,
): HostLinkPlan {
  const wanted = desiredLinks(sources, links);
  const names = new Set(links.flatMap(namesOf));
  const vxlans = new Map(
    links.flatMap((link) => link.vxlan?.port === VXLAN_PORT ? [[link.vxlan.id, describe(link)]] : []),
  );
  const steps = wanted.map((desired) => planLink(desired, links, group, names, vxlans));
  const isWanted = (link: SeenLink) => wanted.some((desired) => isSameLink(desired, link));
  const surplus = links.filter((link) => isOwn(link, group) && !isWanted(link));
  const keep = surplus.flatMap((link) => {
    const usedBy = links.find((other) => isOn(other, link.name) && !surplus.includes(other));
    return usedBy ? [{ link, usedBy: usedBy.name }] : [];
  });
  return {
    wanted: wanted.map((desired, place) => ({ ...desired, ...(steps[place]?.name && { name: steps[place].name }) })),
    changes: steps.flatMap(({ change }) => change ?? []),
    remove: surplus.filter((link) => !keep.some((kept) => kept.link === link)),
    keep,
    problems: steps.flatMap(({ problem }) => problem ?? []),
  };
}

/**
 * What is wanted, each link once whatever its device is called, in the order in which it was first asked for: who comes
 * first gets the name.
 */
function desiredLinks(sources: readonly LinkSource[], seen: readonly SeenLink[]): DesiredLink[] {
  const found = new Map<string, { first: WantedLink; links: WantedLink[]; sources: Set<LinkSource> }>();
  for (const source of sources.toSorted(byAge)) {
    for (const asked of source.wanted) {
      const link = { ...asked, device: findLink(seen, asked.device)?.name ?? asked.device };
      const key = hostLinkText(link);
      const known = found.get(key) ?? { first: link, links: [], sources: new Set() };
      found.set(key, known);
      known.links.push(link);
      known.sources.add(source);
    }
  }
  return [...found.values()].map(({ first: { device, type, vni }, links, sources }) => ({
    device,
    type,
    vni,
    preferredNames: links.flatMap(({ preferredName }) => preferredName ?? []),
    requiredNames: [...new Set(links.flatMap(({ requiredName }) => requiredName ?? []))],
    sources: [...sources],
  }));
}

/** Any order will do, as long as all nodes and all runs have the same. */
function byAge(a: LinkSource, b: LinkSource): number {
  const [x, y] = [ageOf(a), ageOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function ageOf({ kind, metadata: { creationTimestamp = "", namespace = "", name, uid = "" } }: LinkSource): string {
  return [creationTimestamp, kind, namespace, name, uid].join("/");
}

interface Step {
  readonly name?: string;
  readonly change?: LinkChange;
  readonly problem?: LinkProblem;
}

/** @param names and @param vxlans what is taken on the node; gets what this link takes */
function planLink(
  desired: DesiredLink,
  links: readonly SeenLink[],
  group: number,
  names: Set<string>,
  vxlans: Map<number, string>,
): Step {
  const problem = (reason: LinkProblemReason, note: string): { problem: LinkProblem } => {
    const { device, type, vni, sources } = desired;
    return { problem: { device, type, vni, sources, reason, note } };
  };
  const { device, type, vni } = desired;
  const parent = findLink(links, device);
  if (!parent) return problem("ParentMissing", `cannot be made: this node has no interface ${device}`);
  const down = parent.up ? {} : problem("ParentDown", `cannot carry anything: ${device} is down`);
  const existing = links.find((link) => isSameLink(desired, link));
  if (existing && !isOwn(existing, group)) {
    const flaw = foreignFlaw(desired, existing, parent) ?? foreignLinkFlaw(type, existing, parent);
    return { name: existing.name, ...(flaw === undefined ? down : problem("LinkForeign", flaw)) };
  }
  if (existing) return { name: existing.name, ...orderLink(desired, existing, parent), ...down };
  const other = type === "vxlan" ? vxlans.get(vni) : undefined;
  if (other !== undefined) {
    return problem("VniTaken", `cannot be made: ${other} has that number, which a node can have once`);
  }
  const candidates = nameCandidates(desired);
  const name = candidates.find((candidate) => !names.has(candidate));
  if (name === undefined) return problem("NameTaken", `cannot be made: ${candidates.join(", ")} exist already`);
  names.add(name);
  if (type === "vxlan") vxlans.set(vni, `${name} on ${device}`);
  const addNames = desired.requiredNames.filter((required) => required !== name);
  const change = {
    device,
    type,
    vni,
    name,
    make: true,
    setUp: parent.up,
    sources: desired.sources,
    ...(addNames.length > 0 && { addNames }),
  };
  return { name, change, ...down };
}

/** What keeps a link that somebody else made from being of use. */
function foreignFlaw({ requiredNames }: DesiredLink, link: SeenLink, parent: SeenLink): string | undefined {
  const { name, up } = link;
  const lacking = requiredNames.filter((required) => !namesOf(link).includes(required));
  if (lacking.length > 0) {
    return `is there as ${name}, which DANM did not make and so does not name ${lacking.join(" and ")}`;
  }
  return up || !parent.up ? undefined : `is there as ${name}, which DANM did not make and so does not set up`;
}

/** What one of DANM's own links lacks. */
function orderLink(desired: DesiredLink, link: SeenLink, parent: SeenLink): Step {
  const { name, mtu, up } = link;
  const { device, type, vni, requiredNames, sources } = desired;
  const wantedMtu = hostLinkMtu(type, parent.mtu);
  const setUp = !up && parent.up;
  const addNames = requiredNames.filter((required) => !namesOf(link).includes(required));
  if (mtu === wantedMtu && !setUp && addNames.length === 0) return {};
  return {
    change: {
      device,
      type,
      vni,
      name,
      make: false,
      setUp,
      sources,
      ...(mtu !== wantedMtu && { setMtu: wantedMtu }),
      ...(addNames.length > 0 && { addNames }),
    },
  };
}

function nameCandidates(desired: DesiredLink): string[] {
  if (desired.requiredNames.length > 0) return [...desired.requiredNames];
  return [
    ...desired.preferredNames,
    ...Array.from({ length: OWN_NAMES }, (_, attempt) => ownLinkName(desired, attempt)),
  ];
}

function isSameLink({ device, type, vni }: HostLinkId, { parent, vlan, vxlan }: SeenLink): boolean {
  return type === "vlan"
    ? parent === device && vlan?.id === vni && vlan.protocol === VLAN_PROTOCOL
    : vxlan?.parent === device && vxlan.id === vni && vxlan.port === VXLAN_PORT &&
      vxlan.group === formatAddress(vxlanMulticast(vni));
}

/** A VXLAN, for people. */
function describe({ name, vxlan }: SeenLink): string {
  return vxlan?.parent === undefined ? name : `${name} on ${vxlan.parent}`;
}

/** The link that answers to `name`. What a link is called comes before further names, as with ip(8). */
function findLink(links: readonly SeenLink[], name: string): SeenLink | undefined {
  return links.find((link) => link.name === name) ?? links.find((link) => namesOf(link).includes(name));
}

function namesOf({ name, otherNames = [] }: SeenLink): string[] {
  return [name, ...otherNames];
}

/** A name that no command could be given belongs to nobody DANM knows. */
function isOwn({ group, kind, name }: SeenLink, own: number): boolean {
  return group === own && (kind === "vlan" || kind === "vxlan") && isInterfaceName(name);
}

function isOn({ parent, vxlan }: SeenLink, name: string): boolean {
  return parent === name || vxlan?.parent === name;
}

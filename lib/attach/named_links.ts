/** Which links of the Pod's own namespace a delegate's configuration is about. */

import type { DelegateConfig } from "./delegate_config.ts";

/** What must be there before the delegates of an interface can run. */
export interface LinkNeeds {
  /** Each once, in the order they are named. */
  readonly names: readonly string[];
  /** The link of the default route, which is what a plugin takes that is told none. */
  readonly defaultRoute: boolean;
}

/**
 * The links that the plugins of one interface need in the Pod's namespace: the members of a bond (`links` with
 * `linksInContainer`), and what a macvlan, ipvlan or VLAN link is made on (`master` with `linkInContainer`). What the
 * chain itself has made by then is no need.
 *
 * @param name the interface's own
 * @param configs its plugins, in the order they run
 */
export function namedLinks(name: string, configs: readonly DelegateConfig[]): LinkNeeds {
  const made = new Set<string>();
  const names = new Set<string>();
  for (const config of configs) {
    for (const named of linksOf(config).filter((link) => !made.has(link))) names.add(named);
    const ifname = field(config, "ifname");
    made.add(typeof ifname === "string" && ifname !== "" ? ifname : name); // the bond plugin's own way to name its link
  }
  const [first] = configs;
  return { names: [...names], defaultRoute: first !== undefined && isInContainer(first) && !masterOf(first) };
}

/**
 * Whether all that the plugin makes is a link on, or of, others in the Pod's namespace: no addresses but DANM's, and
 * nothing on the host.
 */
export function isNothingButLink(config: DelegateConfig): boolean {
  const { type } = (config.ipam ?? {}) as { readonly type?: unknown };
  return (isInContainer(config) || linksOf(config).length > 0) && (!type || type === "fakeipam");
}

function linksOf(config: DelegateConfig): string[] {
  const master = isInContainer(config) ? masterOf(config) : undefined;
  const links = field(config, "linksInContainer") === true ? field(config, "links") : [];
  const members = Array.isArray(links) ? links.map((link) => field(link, "name")) : [];
  return [master, ...members].filter((link) => typeof link === "string");
}

function isInContainer(config: DelegateConfig): boolean {
  return field(config, "linkInContainer") === true;
}

function masterOf(config: DelegateConfig): string | undefined {
  const master = field(config, "master");
  return typeof master === "string" && master !== "" ? master : undefined;
}

/** The value of a key as plugins find it, which are written in Go: without regard to case. */
function field(object: unknown, key: string): unknown {
  if (typeof object !== "object" || object === null) return undefined;
  return Object.entries(object).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
}

/** NetworkAttachmentDefinitions: VLANs and VXLANs for Pods of other meta-plugins, whose ipvlan and macvlan know neither. */

import type { AttachmentDefinition } from "../api/attachment_definition.ts";
import { isInterfaceName } from "../net/interface_name.ts";
import { allowedVnis, isVni, type VniType } from "../net/vni.ts";
import { isOwnLinkName, ownLinkName } from "./host_link.ts";
import { identityOf, type LinkSource, type WantedLink } from "./link_source.ts";

/**
 * The key of a configuration that keeps the `master` its author wrote, once `master` names the host link. It is in the
 * configuration and not beside it, so that both come, go and are copied together.
 */
const DEVICE_KEY = "danm.k8s.io/master";

/** The configuration of one plugin. */
type PluginConfig = Readonly<Record<string, unknown>>;

/**
 * What `definition` asks for. Its links have names that are the same on all nodes, because one `master` serves them all.
 *
 * What is rewritten is a function of the configuration alone: every node comes to the same text, and that text is left as
 * it is. A configuration that no longer has a `vlan` or `vxlan` gets its own `master` back.
 */
export function definitionLinkSource(definition: AttachmentDefinition): LinkSource {
  const none = { ...identityOf(definition), wanted: [], problems: [] };
  const text = definition.spec?.config;
  if (!text) return none; // the configuration is a file of the node
  const config = parse(text);
  if (config === undefined) {
    return { ...none, problems: ["spec.config is no JSON object, must be a CNI configuration"] };
  }
  const { plugins } = config;
  const readings = (Array.isArray(plugins) ? plugins : [config]).map(readPlugin);
  const isChanged = readings.some(({ before, after }) => before !== after);
  const after = readings.map((reading) => reading.after);
  return {
    ...none,
    wanted: readings.flatMap(({ wanted }) => wanted ?? []),
    problems: readings.flatMap(({ problem }) => problem ?? []),
    ...(isChanged && { rewritten: print(Array.isArray(plugins) ? { ...config, plugins: after } : after[0], text) }),
  };
}

interface Reading {
  readonly before: unknown;
  /** The same object when nothing is to be changed. */
  readonly after: unknown;
  readonly wanted?: WantedLink;
  readonly problem?: string;
}

function readPlugin(plugin: unknown): Reading {
  const unchanged = { before: plugin, after: plugin };
  if (!isObject(plugin) || (plugin["type"] !== "ipvlan" && plugin["type"] !== "macvlan")) return unchanged;
  const { master, [DEVICE_KEY]: recorded, ...rest } = plugin;
  const isRewritten = typeof recorded === "string" && typeof master === "string" && isOwnLinkName(master, recorded);
  const device = isRewritten ? recorded : master;
  const types = (["vlan", "vxlan"] as const).filter((type) => (plugin[type] ?? undefined) !== undefined);
  const [type] = types;
  if (type === undefined) return isRewritten ? { before: plugin, after: { ...rest, master: device } } : unchanged;
  if (types.length > 1) return { ...unchanged, problem: "vlan and vxlan exclude each other: set one of them" };
  const problem = vniProblem(type, plugin[type]) ?? deviceProblem(device);
  if (problem !== undefined) return { ...unchanged, problem };
  const id = { device: device as string, type, vni: plugin[type] as number };
  const requiredName = ownLinkName(id);
  const isSettled = master === requiredName && recorded === device;
  return {
    before: plugin,
    after: isSettled ? plugin : { ...plugin, master: requiredName, [DEVICE_KEY]: device },
    wanted: { ...id, requiredName },
  };
}

function vniProblem(type: VniType, value: unknown): string | undefined {
  if (typeof value === "number" && isVni(type, value)) return undefined;
  return `${type} is ${shown(value)}, must be a number, ${allowedVnis(type)}`;
}

function deviceProblem(device: unknown): string | undefined {
  if (typeof device === "string" && isInterfaceName(device)) return undefined;
  return `master is ${shown(device)}, must be the name of a network interface`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "missing").slice(0, 100);
}

function parse(text: string): PluginConfig | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text of several lines one of several lines. */
function print(config: unknown, like: string): string {
  return JSON.stringify(config, undefined, like.trim().includes("\n") ? 2 : undefined);
}

function isObject(value: unknown): value is PluginConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

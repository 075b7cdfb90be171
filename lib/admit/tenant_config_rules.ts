/** Rules on TenantConfigs. */

import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { isDynamicBackend } from "../api/network_type.ts";
import { isInterfaceName, MAX_INTERFACE_NAME } from "../net/interface_name.ts";
import { allowedVnis, parseVniRanges, type VniRange, type VniType } from "../net/vni.ts";
import { MAX_DYNAMIC_NETWORK_ID } from "./device_rules.ts";
import type { Segment } from "./network_review.ts";
import type { Objection, Rule } from "./rule.ts";

/** A number that a TenantNetwork has. */
export interface UsedSegment extends Segment {
  /** The network, in words. */
  readonly user: string;
}

/** That a TenantNetwork waits for a number. */
export interface AwaitedSegment extends Omit<Segment, "vni"> {
  /** The network, in words. */
  readonly user: string;
}

/** One request about a TenantConfig. */
export interface TenantConfigReview {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** As it is to be stored; of a DELETE, as it is. */
  readonly config: TenantConfig;
  /** As it is; of an UPDATE only. */
  readonly before?: TenantConfig;
  /** The other TenantConfigs. */
  readonly others: readonly TenantConfig[];
  /** What TenantNetworks have got. */
  readonly used: readonly UsedSegment[];
  /** What TenantNetworks are about to get. */
  readonly awaited: readonly AwaitedSegment[];
}

/** The numbers of a profile; undefined when it has none, or none that can be read. */
export function rangesOf({ vniType, vniRange }: HostDevice): readonly VniRange[] | undefined {
  return vniType === undefined || vniRange === undefined ? undefined : parseVniRanges(vniType, vniRange);
}

/** Whether a profile of `config` gives out the number of `segment`. */
export function offers({ hostDevices = [] }: TenantConfig, { device, type, vni }: Segment): boolean {
  return hostDevices.some((profile) =>
    profile.name === device && profile.vniType === type &&
    rangesOf(profile)?.some(({ first, last }) => vni >= first && vni <= last)
  );
}

/** A rule on each profile by itself. */
function profileRule(
  id: string,
  demands: string,
  judgeProfile: (profile: HostDevice, field: string, config: TenantConfig) => Objection | undefined,
): Rule<TenantConfigReview> {
  return {
    id,
    demands,
    judge({ config }) {
      for (const [index, profile] of (config.hostDevices ?? []).entries()) {
        const objection = judgeProfile(profile, `hostDevices[${index}]`, config);
        if (objection) return objection;
      }
      return undefined;
    },
  };
}

const notEmpty: Rule<TenantConfigReview> = {
  id: "C1",
  demands: "`hostDevices` or `networkIds` is there",
  judge({ config: { hostDevices = [], networkIds = {} } }) {
    if (hostDevices.length > 0 || Object.keys(networkIds).length > 0) return undefined;
    return { field: "hostDevices", value: undefined, must: "be set when networkIds is not" };
  },
};

const typeAndRange = profileRule(
  "C2",
  "`vniType` and `vniRange` are there together or not at all",
  ({ vniType, vniRange }, field) => {
    if ((vniType === undefined) === (vniRange === undefined)) return undefined;
    const [missing, given] = vniType === undefined ? ["vniType", "vniRange"] : ["vniRange", "vniType"];
    return { field: `${field}.${missing}`, value: undefined, must: `be set when ${given} is` };
  },
);

const validRange = profileRule(
  "C3",
  "`vniRange` is a list of numbers and ranges such as `2000-2500,2601`, without repetitions, within 1-4094 for vlan and " +
    "1-16777215 for vxlan",
  (profile, field) => {
    const { vniType, vniRange } = profile;
    if (vniType === undefined || rangesOf(profile) !== undefined) return undefined;
    const must = `be numbers and ranges such as 2000-2500,2601 within ${allowedVnis(vniType)}, each number once`;
    return { field: `${field}.vniRange`, value: vniRange, must };
  },
);

const noOverlap = profileRule(
  "C4",
  "profiles of one device and `vniType` have no number in common",
  (profile, field, { hostDevices = [] }) => {
    const earlier = hostDevices.slice(0, hostDevices.indexOf(profile));
    const same = earlier.filter(({ name, vniType }) => name === profile.name && vniType === profile.vniType);
    if (same.some(({ vniType }) => vniType === undefined)) {
      return { field: `${field}.name`, value: profile.name, must: "be another device: this one is there already" };
    }
    const taken = same.flatMap((other) => rangesOf(other) ?? []);
    const clash =
      (rangesOf(profile) ?? []).flatMap((range) =>
        taken.filter((other) => range.first <= other.last && other.first <= range.last)
      )[0];
    if (clash === undefined) return undefined;
    const must = `not overlap ${clash.first}-${clash.last}, which another profile of ${profile.name} has`;
    return { field: `${field}.vniRange`, value: profile.vniRange, must };
  },
);

const nothingEmpty: Rule<TenantConfigReview> = {
  id: "C5",
  demands: "no device name, NetworkType or NetworkID is empty; no NetworkType is there twice, whatever its case",
  judge({ config: { hostDevices = [], networkIds = {} } }) {
    const unnamed = hostDevices.findIndex(({ name }) => name.trim() === "");
    if (unnamed >= 0) return { field: `hostDevices[${unnamed}].name`, value: "", must: "be the name of a device" };
    const seen = new Set<string>();
    for (const [type, id] of Object.entries(networkIds)) {
      if (type.trim() === "") return { field: "networkIds", value: type, must: "have NetworkTypes as keys" };
      if (id.trim() === "") return { field: `networkIds.${type}`, value: id, must: "be a NetworkID" };
      if (seen.has(type.toLowerCase())) {
        return { field: "networkIds", value: type, must: "have every NetworkType once, whatever its case" };
      }
      seen.add(type.toLowerCase());
    }
    return undefined;
  },
};

const networkIdLength: Rule<TenantConfigReview> = {
  id: "C6",
  demands:
    `the NetworkID of ipvlan, macvlan and sriov has at most ${MAX_DYNAMIC_NETWORK_ID} characters, and with it every ` +
    `name \`<NetworkID>.<vlan>\` of a link at most ${MAX_INTERFACE_NAME}`,
  judge({ config: { networkIds = {}, hostDevices = [] } }) {
    const vlans = hostDevices.filter(({ name, vniType }) => vniType === "vlan" && isInterfaceName(name));
    const highest = Math.max(0, ...vlans.flatMap((profile) => rangesOf(profile) ?? []).map(({ last }) => last));
    const room = highest === 0 ? MAX_DYNAMIC_NETWORK_ID : MAX_INTERFACE_NAME - `.${highest}`.length;
    for (const [type, id] of Object.entries(networkIds)) {
      if (!isDynamicBackend(type.toLowerCase())) continue;
      const most = type.toLowerCase() === "sriov" ? MAX_DYNAMIC_NETWORK_ID : Math.min(MAX_DYNAMIC_NETWORK_ID, room);
      if (id.length <= most) continue;
      const why = most < MAX_DYNAMIC_NETWORK_ID ? `: the link name ${id}.${highest} would be too long` : "";
      return { field: `networkIds.${type}`, value: id, must: `have at most ${most} characters${why}` };
    }
    return undefined;
  },
};

const nothingWithdrawn: Rule<TenantConfigReview> = {
  id: "C7",
  demands:
    "a number that a TenantNetwork has stays in some TenantConfig, and a range of which one waits for a number stays " +
    "whole",
  judge({ operation, config, before, others, used, awaited }) {
    const then = operation === "DELETE" ? config : before;
    if (then === undefined) return undefined;
    const remaining = operation === "DELETE" ? others : [config, ...others];
    const lost = used.find((segment) => offers(then, segment) && !remaining.some((other) => offers(other, segment)));
    const refuse = ({ device, type }: AwaitedSegment, must: string): Objection => {
      const now = operation === "DELETE" ? undefined : profilesOf(config, device, type)[0]?.vniRange;
      return { field: `vniRange of ${device}`, value: now, must };
    };
    if (lost !== undefined) {
      const profile = profilesOf(then, lost.device, lost.type).find((one) =>
        offers({ ...then, hostDevices: [one] }, lost)
      );
      return refuse(lost, `keep ${lost.type} ${lost.vni} of ${profile?.vniRange}: ${lost.user} uses it`);
    }
    for (const waiting of awaited) {
      const rangesIn = (one: TenantConfig) =>
        profilesOf(one, waiting.device, waiting.type).flatMap((profile) => rangesOf(profile) ?? []);
      const left = remaining.flatMap(rangesIn);
      const gone = rangesIn(then).find((range) => !covers(left, range));
      if (gone === undefined) continue;
      return refuse(
        waiting,
        `keep ${waiting.type} ${gone.first}-${gone.last}: ${waiting.user} is about to get a number`,
      );
    }
    return undefined;
  },
};

function profilesOf({ hostDevices = [] }: TenantConfig, device: string, type: VniType): readonly HostDevice[] {
  return hostDevices.filter(({ name, vniType }) => name === device && vniType === type);
}

/** Whether every number of `range` is in one of `ranges`. */
function covers(ranges: readonly VniRange[], { first, last }: VniRange): boolean {
  for (let next = first; next <= last;) {
    const holder = ranges.find((range) => range.first <= next && next <= range.last);
    if (holder === undefined) return false;
    next = holder.last + 1;
  }
  return true;
}

/** The rules on what is created or changed, in their order. */
export const TENANT_CONFIG_RULES: readonly Rule<TenantConfigReview>[] = [
  notEmpty,
  typeAndRange,
  validRange,
  noOverlap,
  nothingEmpty,
  networkIdLength,
  nothingWithdrawn,
];

/** The rules that `review` is judged by. */
export function tenantConfigRulesFor({ operation }: TenantConfigReview): readonly Rule<TenantConfigReview>[] {
  return operation === "DELETE" ? [nothingWithdrawn] : TENANT_CONFIG_RULES;
}

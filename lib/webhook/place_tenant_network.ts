/** Puts a TenantNetwork that is made on a device of the TenantConfig. Takes nothing: the number itself comes later. */

import type { Network } from "../api/network.ts";
import { networkType } from "../api/network_type.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { withMadeId, withOptions } from "../admit/complete_network.ts";
import { networkIdLength } from "../admit/device_rules.ts";
import { nextVni, takenVnis } from "../admit/free_vnis.ts";
import { type NetworkReview, type Segment, segmentOf } from "../admit/network_review.ts";
import { OPTION_RULES } from "../admit/option_rules.ts";
import { describeObjection, firstObjection, type Objection } from "../admit/rule.ts";
import { rangesOf } from "../admit/tenant_config_rules.ts";
import { deviceField, suitableProfiles } from "../admit/tenant_profile.ts";
import { vniKey } from "../admit/vni_block.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { hash32 } from "../ipam/hash.ts";
import { type AdmissionRequest, denied, type Verdict } from "./admission_review.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * The network on a device that suits it, any of those that have room for it. With a `vniType` it waits for its number, or
 * shows in a dry run which one it would be; a network of a backup keeps the one it had.
 */
export async function placeTenantNetwork(
  surroundings: Surroundings,
  review: NetworkReview,
  config: TenantConfig | undefined,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Network | Verdict> {
  const { network, restoring, waitKey } = review;
  const plain = withAnnotation(network, waitKey, undefined);
  const segment = segmentOf(network);
  if (segment) return restoring ? await placeRestored(surroundings, plain, segment, signal) : plain;
  const choice = suitableProfiles(network, config);
  if ("objection" in choice || choice.profiles.length === 0) return plain;
  const seed = request.name === "" ? request.uid : `${request.namespace}/${request.name}`;
  const named = withMadeId(plain, seed);
  const objections = choice.profiles.map((profile) => profileObjection({ ...review, network: named }, profile));
  const fitting = choice.profiles.filter((_, index) => objections[index] === undefined);
  if (fitting.length === 0) return deny(network, describeObjection(objections[0]!));
  const start = hash32(request.uid) % fitting.length; // at random, but the same for the same request
  const ordered = [...fitting.slice(start), ...fitting.slice(0, start)];
  const place = await firstWithRoom(surroundings, ordered, signal);
  if (place === undefined) {
    const full = ordered.map(({ name, vniType, vniRange }) => `${vniType} ${vniRange} of ${name}`).join("; ");
    return deny(network, `no number is free in the TenantConfig, where all are taken of ${full}`);
  }
  const { profile, next } = place;
  const device = { [deviceField(networkType(network))]: profile.name };
  if (next === undefined) return withOptions(plain, device);
  if (request.dryRun) return withOptions(named, { ...device, [next.type]: next.vni });
  return withAnnotation(withOptions(named, device), waitKey, next.type);
}

/** Why the network could not be on `profile`: the names of its links would be too long, for instance. */
function profileObjection(review: NetworkReview, profile: HostDevice): Objection | undefined {
  const { name, vniType } = profile;
  if (vniType === undefined) return undefined;
  const longest = Math.max(0, ...(rangesOf(profile) ?? []).map(({ last }) => last));
  const options = { [deviceField(networkType(review.network))]: name, [vniType]: longest };
  const network = withOptions(review.network, options);
  return firstObjection([networkIdLength, ...OPTION_RULES], { ...review, network })?.objection;
}

/** The first profile without numbers, or with one that is left, and which one that would be. */
async function firstWithRoom(
  { store, networks }: Surroundings,
  profiles: readonly HostDevice[],
  signal: AbortSignal,
): Promise<{ readonly profile: HostDevice; readonly next?: Segment } | undefined> {
  const [plain] = profiles;
  if (plain?.vniType === undefined) return plain && { profile: plain };
  const [blocks, others] = await Promise.all([store.list(signal), networks(signal)]);
  const taken = takenVnis(others, blocks);
  for (const profile of profiles) {
    if (profile.vniType === undefined) return { profile };
    const next = nextVni(profile, others, taken);
    if (next) return { profile, next };
  }
  return undefined;
}

/** A TenantNetwork of a backup, unless the number that it had is another network's by now. */
async function placeRestored(
  surroundings: Surroundings,
  network: Network,
  segment: Segment,
  signal: AbortSignal,
): Promise<Network | Verdict> {
  const key = vniKey(segment);
  const networks = await surroundings.latestNetworks(signal);
  const user = networks.find((other) => {
    const theirs = segmentOf(other);
    return theirs !== undefined && vniKey(theirs) === key;
  }) ?? await surroundings.holder(segment, signal);
  if (user === undefined) return network;
  const { type, vni, device } = segment;
  return deny(network, `spec.Options.${type} is ${vni}, which on ${device} belongs to ${describeNetwork(user)}`);
}

function deny(network: Network, problem: string): Verdict {
  return denied(`Cannot create ${describeNetwork(network)}: ${problem}`);
}

/** The network with another value for an annotation, or without it. */
export function withAnnotation(network: Network, key: string, value: string | undefined): Network {
  const { [key]: before, ...others } = network.metadata.annotations ?? {};
  if (before === value) return network;
  const annotations = value === undefined ? others : { ...others, [key]: value };
  return { ...network, metadata: { ...network.metadata, annotations } };
}

/** What a configuration with `"type": "danm"` says that danm attaches, where it is not the Pod that says it. */

import { parseAddress } from "../../net/address.ts";
import { EntryError } from "../annotation.ts";
import { type InterfaceRequest, parseInterfaceRequest } from "../interface_request.ts";
import type { NetworkSelection } from "./network_selection.ts";

/** The keys of an interface, which is one of a Pod's annotation, in lower case. */
const NETWORK_KEYS = ["network", "tenantnetwork", "clusternetwork"];
const KEYS = [...NETWORK_KEYS, "ip", "ip6", "proutes", "proutes6"];

/**
 * The interface that a CNI configuration describes; undefined when it names no network, so that the Pod's annotation does.
 *
 * @param ips addresses that are asked for besides, of the configuration's families; with or without prefix length
 * @throws {EntryError}
 */
export function requestIn(
  config: Readonly<Record<string, unknown>>,
  ips: readonly string[] = [],
): InterfaceRequest | undefined {
  const isSaid = (value: unknown) => value !== null && value !== "" && value !== undefined;
  const keys = Object.entries(config).filter(([key, value]) => KEYS.includes(key.toLowerCase()) && isSaid(value));
  if (!keys.some(([key]) => NETWORK_KEYS.includes(key.toLowerCase()))) return undefined;
  const given = keys.filter(([key]) => ips.length === 0 || !["ip", "ip6"].includes(key.toLowerCase()));
  return parseInterfaceRequest({ ...Object.fromEntries(given), ...(ips.length > 0 && familiesOf(ips)) });
}

/**
 * The same for a selected definition, whose Pod may ask for addresses.
 *
 * @throws {EntryError} also for what no network of DANM can be asked for
 */
export function selectedRequest(
  config: Readonly<Record<string, unknown>>,
  selection: NetworkSelection,
): InterfaceRequest {
  const { mac, infinibandGuid, portMappings, bandwidth, cniArgs } = selection;
  const foreign = { mac, "infiniband-guid": infinibandGuid, portMappings, bandwidth, "cni-args": cniArgs };
  const [key] = Object.entries(foreign).find(([, value]) => value !== undefined) ?? [];
  if (key !== undefined) {
    throw new EntryError(
      `key "${key}" is given, must be absent: the definition is of type danm, which has no use for it`,
    );
  }
  const request = requestIn(config, selection.ips);
  if (request) return request;
  throw new EntryError(
    "the definition is of type danm and names no network, must name one of network, tenantNetwork, clusterNetwork",
  );
}

/** Addresses under the keys of their families. */
function familiesOf(ips: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const ip of ips) {
    const key = parseAddress(ip.split("/")[0]!)?.family === 6 ? "ip6" : "ip";
    if (found[key] !== undefined) {
      throw new EntryError(`ips are ${ips.join(", ")}, must be one of each family at most for a network of DANM`);
    }
    found[key] = ip;
  }
  return found;
}

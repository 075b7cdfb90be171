/** Makes a DanmEp of the original system one that all components read as their own. */

import type { DanmEp } from "../../../api/danm_ep.ts";
import { labelKeys } from "../../../api/labels.ts";
import type { NetworkRef } from "../../../api/network.ts";
import { resourceFor } from "../../../api/resource.ts";
import type { LegacyEndpoint } from "../../../ipam/legacy_import.ts";
import { isConflict, isNotFound } from "../../../kube/client/kube_error.ts";
import type { ImportContext } from "./import_context.ts";

/**
 * Writes down what the original did not: the UIDs of network and Pod, and the owner of the addresses, by which DEL
 * releases them. To be called when that owner holds them.
 *
 * @returns whether it was there still as it was read
 */
export async function adoptEndpoint(
  { kube, group, signal }: ImportContext,
  network: NetworkRef,
  { endpoint, podUid, owner }: LegacyEndpoint,
): Promise<boolean> {
  const { name, namespace, resourceVersion } = endpoint.metadata;
  const labels = labelKeys(group);
  const body = {
    metadata: { resourceVersion, labels: { [labels.networkUid]: network.uid, [labels.podUid]: podUid } },
    spec: { ...completed(endpoint), NetworkUID: network.uid, PodUID: podUid, EndpointID: owner },
  };
  try {
    const ref = { ...resourceFor("DanmEp", group), name, namespace };
    await kube.patch<DanmEp>(ref, { type: "merge", body }, { signal, idempotent: true });
    return true;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return false; // deleted by DEL, or changed: another look tells
    throw error;
  }
}

/** The original left out, or stored as null, what did not apply. */
function completed({ spec }: DanmEp): object {
  const { NetworkType, Host = "", Pod = "", CID = "", netns = "", Interface } = spec;
  const { Address, AddressIPv6, MacAddress, proutes, proutes6, DeviceID } = Interface;
  return {
    NetworkType: (NetworkType || "ipvlan").toLowerCase(),
    Host,
    Pod,
    CID,
    netns,
    Interface: {
      Address: Address ?? "",
      AddressIPv6: AddressIPv6 ?? "",
      MacAddress: MacAddress ?? "",
      proutes: proutes ?? {},
      proutes6: proutes6 ?? {},
      DeviceID: DeviceID ?? "",
    },
  };
}

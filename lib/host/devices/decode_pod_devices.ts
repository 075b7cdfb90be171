/** Reads the messages of kubelet's PodResources API. Source: k8s.io/kubelet/pkg/apis/podresources/v1/api.proto. */
import type { ClaimedDevice } from "../../attach/claimed_devices.ts";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { PodName } from "../../api/pod.ts";

/**
 * What a Pod was given, each device once: in the order of the containers, as kubelet has them from the Pod (restartable
 * init containers first).
 */
export interface PodDevices {
  /** Device IDs by resource name; sorted within one container, where kubelet keeps no order. */
  readonly byResource: Map<string, string[]>;
  readonly claimed: readonly ClaimedDevice[];
}

/**
 * The devices of `pod` in a ListPodResourcesResponse or a GetPodResourcesResponse: field 1 of either holds Pods. Only
 * that Pod is read to the depth, as a node may have hundreds.
 *
 * @throws when `response` is no protobuf message
 */
export function decodePodDevices(response: Uint8Array, pod: PodName): PodDevices {
  const byResource = new Map<string, string[]>();
  const claimed = new Map<string, ClaimedDevice>();
  const containers = values(response, 1)
    .filter((message) => text(message, 1) === pod.name && text(message, 2) === pod.namespace)
    .flatMap((message) => values(message, 3));
  for (const container of containers) {
    for (const [resource, ids] of devicesOf(container)) {
      byResource.set(resource, [...new Set([...byResource.get(resource) ?? [], ...ids.sort()])]);
    }
    for (const device of claimedBy(container)) claimed.set(JSON.stringify(device), device);
  }
  return { byResource, claimed: [...claimed.values()] };
}

/** Containers of a Pod may share a claim. */
function claimedBy(container: Uint8Array): ClaimedDevice[] {
  return values(container, 5).flatMap((resource) => values(resource, 4)).map((message) => ({
    driver: text(message, 2),
    pool: text(message, 3),
    device: text(message, 4),
  }));
}

/** One resource of one container may come in several parts, one for each NUMA node. */
function devicesOf(container: Uint8Array): Map<string, string[]> {
  const devices = new Map<string, string[]>();
  for (const part of values(container, 2)) {
    const ids = values(part, 2).map((id) => new TextDecoder().decode(id));
    const resource = text(part, 1);
    devices.set(resource, [...devices.get(resource) ?? [], ...ids]);
  }
  return devices;
}

/** The values of a field that holds messages, strings or bytes; fields this code does not know are passed over. */
function values(message: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === field && type === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(type, number);
  }
  return found;
}

function text(message: Uint8Array, field: number): string {
  return new TextDecoder().decode(values(message, field).at(-1));
}

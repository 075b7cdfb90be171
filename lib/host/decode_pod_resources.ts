/** Reads the messages of kubelet's PodResources API. Source: k8s.io/kubelet/pkg/apis/podresources/v1/api.proto. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The devices of one Pod. */
export interface PodDevices {
  readonly namespace: string;
  readonly name: string;
  /** Device IDs by resource name: those of all containers together, each once, sorted. */
  readonly devices: Map<string, string[]>;
}

/**
 * Reads a ListPodResourcesResponse or a GetPodResourcesResponse: field 1 of either holds Pods.
 *
 * @throws when `response` is no protobuf message
 */
export function decodePodResources(response: Uint8Array): PodDevices[] {
  return messages(response, 1).map((pod) => {
    const containerDevices = messages(pod, 3).flatMap((container) => messages(container, 2));
    return { name: text(pod, 1), namespace: text(pod, 2), devices: merge(containerDevices) };
  });
}

/** One resource of one container may come in several parts, one for each NUMA node. */
function merge(containerDevices: readonly Uint8Array[]): Map<string, string[]> {
  const merged = new Map<string, string[]>();
  for (const part of containerDevices) {
    const resource = text(part, 1);
    const ids = messages(part, 2).map((id) => new TextDecoder().decode(id));
    merged.set(resource, [...new Set([...merged.get(resource) ?? [], ...ids])].sort());
  }
  return merged;
}

/** The values of a field that holds messages, strings or bytes; fields this code does not know are passed over. */
function messages(message: Uint8Array, field: number): Uint8Array[] {
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
  return new TextDecoder().decode(messages(message, field).at(-1));
}

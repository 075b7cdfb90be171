/** What a Pod calls its ports, and how a DanmEp has it. Source: Kubernetes API, core/v1 ContainerPort. */

import type { ContainerFields } from "../api/pod.ts";
import type { Protocol } from "./policy_view.ts";
import type { NamedPort } from "./policy_world.ts";

const PROTOCOLS: readonly Protocol[] = ["tcp", "udp", "sctp"];

/** The containers of a Pod, of which a field may be absent. */
export interface PodContainers {
  readonly containers?: readonly ContainerFields[];
  readonly initContainers?: readonly ContainerFields[];
}

/** The ports of a Pod's containers that have names, those of init containers included: some of them stay. */
export function namedPorts({ containers = [], initContainers = [] }: PodContainers): NamedPort[] {
  return [...initContainers, ...containers].flatMap(({ ports = [] }) => ports).flatMap((field) => {
    const protocol = toProtocol((field.protocol ?? "TCP").toLowerCase());
    return field.name && protocol ? [{ name: field.name, protocol, port: field.containerPort }] : [];
  });
}

/** One text for ports, e.g. `http/tcp/8080,sip/udp/5060`. */
export function formatPorts(ports: readonly NamedPort[]): string {
  return ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`).join(",");
}

/** Reads what {@linkcode formatPorts} wrote; of anything else, what can be read. */
export function parsePorts(text: string): NamedPort[] {
  return text.split(",").flatMap((entry) => {
    const [name, word = "", number] = entry.split("/");
    const [protocol, port] = [toProtocol(word), Number(number)];
    return name && protocol && port >= 1 && port <= 65535 ? [{ name, protocol, port }] : [];
  });
}

function toProtocol(word: string): Protocol | undefined {
  return PROTOCOLS.find((protocol) => protocol === word);
}

import { DEFINITION_KIND } from "../../api/attachment_definition.ts";
import { isDynamicBackend } from "../../api/network_type.ts";
import { networkKey } from "../../policy/network_key.ts";
import type { PolicedInterface } from "../../policy/policy_world.ts";
import { type AttachmentEntry, entriesOf, type RecordedInterface } from "../attachment_entry.ts";

/**
 * The interfaces of an attachment as policies see them, by its journal; those that are yet to be made as well.
 *
 * @param asks whether the network or definition of an interface asks for policies now; undefined where that is not known
 */
export function policedInterfaces(
  entries: readonly AttachmentEntry[],
  asks: (network: RecordedInterface["network"]) => boolean | undefined = () => undefined,
): PolicedInterface[] {
  const begin = entriesOf(entries, "begin").at(-1);
  return (begin?.interfaces ?? []).map(({ name, type, network, asksForPolicies = false }) => ({
    name,
    network: networkKey(network),
    isOwn: (network.kind !== DEFINITION_KIND && isDynamicBackend(type)) || (asks(network) ?? asksForPolicies),
    pod: begin!.pod,
    addresses: [],
    ports: begin!.ports ?? [],
  }));
}

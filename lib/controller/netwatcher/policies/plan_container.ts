/** What the rules of one container are to be. */

import type { Address } from "../../../net/address.ts";
import {
  type AttachmentEntry,
  type BeginEntry,
  entriesOf,
  type RecordedInterface,
} from "../../../plugin/attachment_entry.ts";
import { policedInterfaces } from "../../../plugin/policies/policed_interfaces.ts";
import type { InterfaceRules } from "../../../policy/interface_rules.ts";
import { planRules } from "../../../policy/plan_rules.ts";
import type { PolicyView } from "../../../policy/policy_view.ts";
import type { ContainerJournals } from "./local_containers.ts";
import type { PeerView } from "./peer_world.ts";

/** What containers are looked at by. */
export interface Situation {
  readonly peers: PeerView;
  /** Addresses of the node. */
  readonly node: readonly Address[];
  /** Whether a network or definition asks for policies; undefined where that is not known. */
  asks(network: RecordedInterface["network"]): boolean | undefined;
}

/** Whose container it is, and where. */
export type ContainerPlace = Pick<BeginEntry, "pod" | "netns" | "netnsId">;

/** Whose container this is; the attachments of one are all in one namespace. */
export function placeOfContainer(journals: ContainerJournals): ContainerPlace | undefined {
  return journals.flatMap((entries: readonly AttachmentEntry[]) => entriesOf(entries, "begin")).at(-1);
}

/**
 * The rules of the interfaces that `policies`, those of the Pod's namespace, hold on.
 *
 * @returns undefined when it cannot be told, as the Pod is not known: what is in force stays then
 */
export function planContainer(
  journals: ContainerJournals,
  policies: readonly PolicyView[],
  { peers, asks }: Situation,
): InterfaceRules[] | undefined {
  const place = placeOfContainer(journals);
  if (policies.length === 0 || place === undefined) return [];
  if (peers.labelsOf(place.pod) === undefined) return undefined;
  const world = { ...peers, policies };
  const interfaces = journals.flatMap((entries) => policedInterfaces(entries, asks));
  return interfaces.flatMap((policed) => planRules(world, policed, peers.memoryOf(policed.network)) ?? []);
}

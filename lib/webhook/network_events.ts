/** What users are told of their networks, in words. */

import type { Network } from "../api/network.ts";
import { type ApiGroup, apiVersionOf } from "../api/resource.ts";
import type { Segment } from "../admit/network_review.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import type { Notice } from "../controller/teller.ts";
import type { EventContent } from "../kube/events/event_object.ts";
import type { VniType } from "../net/vni.ts";
import type { VniProblem } from "../reconcile/vni_claims.ts";

/** A network got its number. */
export function isGiven({ type, vni, device }: Segment): EventContent {
  return { type: "Normal", reason: "NumberGiven", action: "GiveNumber", note: `got ${type} ${vni} of ${device}` };
}

/** A network has waited for its number longer than it takes. */
export function stillWaiting(type: VniType): EventContent {
  const note = `waits for a ${type} number: Pods cannot join until the webhook's leading replica has given it one`;
  return { type: "Normal", reason: "WaitsForNumber", action: "GiveNumber", note };
}

/** A network does not take the finalizer. */
export function unprotected({ message }: Error): EventContent {
  const note = `cannot be kept from deletion while Pods are attached: ${message}`;
  return { type: "Warning", reason: "NotProtected", action: "Protect", note };
}

/** Something about a network is not as it should be, and stays so until somebody mends it. */
export function problemNotice(group: ApiGroup, { network, problem }: VniProblem): Notice {
  return {
    subject: subjectOf(group, network),
    content: { type: "Warning", reason: "NotInOrder", action: "Judge", note: `${describeNetwork(network)} ${problem}` },
  };
}

/** `network` as what an Event is about: items of a list carry no apiVersion. */
export function subjectOf(group: ApiGroup, network: Network): Notice["subject"] {
  return { ...network, apiVersion: apiVersionOf(group) };
}

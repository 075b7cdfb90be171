/** What users are told about the links of a node, in words. */

import type { EventSubject } from "../../kube/events/event_object.ts";
import { type HostLinkId, hostLinkText } from "../../reconcile/host_link.ts";
import type { LinkSource } from "../../reconcile/link_source.ts";
import type { FailureReason } from "./link_meters.ts";
import type { KeptLink } from "./remove_unused_links.ts";
import type { Notice } from "../teller.ts";

/** What is wrong with an object, so that no link can be made of it. */
export function invalidNotices(subject: LinkSource): Notice[] {
  return subject.problems.map((problem) => ({
    subject,
    content: { type: "Warning", reason: "Invalid", action: "MakeLink", note: `cannot make a host link: ${problem}` },
  }));
}

/** A link that is not as it should be. */
export interface LinkFailure extends HostLinkId {
  readonly reason: FailureReason;
  /** Ends a sentence that begins with what the link is. */
  readonly note: string;
  /** Who asks for it. */
  readonly sources: readonly LinkSource[];
}

/** What keeps a link from being as everyone who asks for it wants. All nodes that see the same say the same. */
export function failureNotices(nodeName: string, { reason, note, sources, ...id }: LinkFailure): Notice[] {
  const content = { type: "Warning", reason, action: "MakeLink", note: `${hostLinkText(id)} ${note}` } as const;
  return sources.map((subject) => ({ subject, content: { ...content, place: `node ${nodeName}` } }));
}

/** Why a link is still there, for those who do not ask for it any more. */
export function keptNotices(nodeName: string, { link, why }: KeptLink, subjects: readonly EventSubject[]): Notice[] {
  const note = `link ${link.name} stays although nothing asks for it any more: ${why}`;
  return subjects.map((subject) => ({
    subject,
    content: { type: "Normal", reason: "LinkKept", action: "RemoveLink", note, place: `node ${nodeName}` },
  }));
}

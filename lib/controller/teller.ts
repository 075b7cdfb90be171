/** What users are told of their objects, once and not at every look. */

import type { EventContent, EventSubject } from "../kube/events/event_object.ts";
import type { Log } from "../host/serving/log.ts";
import type { Clock } from "./clock.ts";
import type { Daemon } from "./daemon.ts";

/** Something that is the case, about one object. */
export interface Notice {
  readonly subject: EventSubject;
  readonly content: EventContent;
}

/** What lasts is told again after this time: the API server forgets Events after an hour. */
const REPEAT_MS = 30 * 60_000;

/**
 * Returns what tells of all that is the case now: of each once, and again when it lasts, or comes back after it was not
 * the case.
 */
export function createTeller(
  { events, log }: { readonly events: Daemon["events"]; readonly log: Log },
  clock: Clock,
): (notices: readonly Notice[]) => void {
  let told = new Map<string, number>();
  return (notices) => {
    const now = clock.now();
    const still = new Map<string, number>();
    for (const { subject, content } of notices) {
      const { kind, metadata: { namespace, name, uid } } = subject;
      const key = JSON.stringify([kind, namespace, name, uid, content]);
      const before = told.get(key);
      const isNews = before === undefined || now - before >= REPEAT_MS;
      still.set(key, isNews ? now : before);
      if (!isNews) continue;
      events.record(subject, content);
      const { type, reason, note } = content;
      const about = [kind, namespace, name].filter((part) => part !== undefined).join("/");
      log.write(type === "Normal" ? "info" : "warning", note, { reason, about });
    }
    told = still;
  };
}

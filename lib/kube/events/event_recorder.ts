import type { KubeClient } from "../client/client.ts";
import { type EventContent, eventObject, eventSeries, type EventSource, type EventSubject } from "./event_object.ts";
import { isNotFound } from "../client/kube_error.ts";
import { pause } from "../../time/pause.ts";
import { createTokenBucket } from "../../time/token_bucket.ts";

/** Tells users, by Kubernetes Events, what happens to their objects. */
export interface EventRecorder {
  /** Notes an Event, to be written later. Never fails, never waits; what is too much is dropped. */
  record(subject: EventSubject, content: EventContent): void;
  /** Writes what was noted until `signal` fires, and then for a moment what is left. */
  run(signal: AbortSignal): Promise<void>;
}

/** How much to write at most. */
export interface EventPace {
  /** Events that may be written at once ... */
  readonly burst: number;
  /** ... and the time in which one more may be, in milliseconds. */
  readonly refillMs: number;
  /** How long an Event that repeats is counted only, in milliseconds, before the new count is written. */
  readonly repeatMs: number;
  /** How many different Events are remembered, written or not. */
  readonly memory: number;
}

export const EVENT_PACE: EventPace = { burst: 25, refillMs: 4000, repeatMs: 60_000, memory: 1000 };

/** The API server forgets Events after an hour; one that comes back later is a new one. */
const FORGET_MS = 30 * 60_000;
/** How long the last Events may take after the end. */
const LAST_WORDS_MS = 2000;
const EVENTS = { group: "events.k8s.io", version: "v1", plural: "events" };

interface Entry {
  readonly subject: EventSubject;
  readonly content: EventContent;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** What was last written, or tried to: the Event's name, if there is one, and its count. */
  written: { readonly name: string | undefined; readonly count: number; readonly at: number } | undefined;
}

/**
 * An empty recorder. What happens again is counted in the same Event (`series`) and not written each time; all in all only
 * so much is written as `pace` allows, the new before the repeated.
 *
 * @param dropped told of Events that are not written, with the reason
 */
export function createEventRecorder(
  client: KubeClient,
  source: EventSource,
  dropped: (reason: unknown) => void,
  pace: EventPace = EVENT_PACE,
): EventRecorder {
  const entries = new Map<string, Entry>();
  const bucket = createTokenBucket(pace.burst, pace.refillMs);
  let rest = new AbortController();

  function record(subject: EventSubject, content: EventContent): void {
    const { metadata: { namespace, name, uid } } = subject;
    const key = JSON.stringify([subject.kind, namespace, name, uid, content.type, content.reason, content.note]);
    const now = Date.now();
    let entry = entries.get(key);
    if (entry === undefined || now - entry.lastAt > FORGET_MS) {
      if (!makeRoom(entries, pace.memory)) return dropped("too many Events wait to be written");
      entry = { subject, content, firstAt: now, lastAt: now, count: 0, written: undefined };
    }
    entry.count++;
    entry.lastAt = now;
    entries.delete(key);
    entries.set(key, entry); // the one heard of last is forgotten last
    rest.abort();
  }

  async function write(entry: Entry, signal: AbortSignal): Promise<void> {
    bucket.take(Date.now());
    const { count } = entry;
    let name = entry.written?.name;
    try {
      name = await writeEvent(client, source, entry, signal);
    } catch (error) {
      dropped(error);
    }
    entry.written = { name, count, at: Date.now() };
  }

  async function run(signal: AbortSignal): Promise<void> {
    const wake = () => rest.abort();
    signal.addEventListener("abort", wake);
    using lastWords = startGrace(signal, LAST_WORDS_MS);
    while (!signal.aborted) {
      rest = new AbortController();
      const now = Date.now();
      const due = nextDue(entries.values(), pace.repeatMs, now);
      const waitMs = due === undefined ? FORGET_MS : Math.max(due.at - now, bucket.waitMs(now));
      if (due === undefined || waitMs > 0) await pause(waitMs, rest.signal);
      else await write(due.entry, lastWords.signal);
    }
    signal.removeEventListener("abort", wake);
    for (const entry of entries.values()) {
      if (lastWords.signal.aborted || bucket.waitMs(Date.now()) > 0) return;
      if (entry.written === undefined) await write(entry, lastWords.signal);
    }
  }
  return { record, run };
}

/** Forgets, when memory is full, the Event that has not been heard of for longest. Not one that was never written. */
function makeRoom(entries: Map<string, Entry>, memory: number): boolean {
  if (entries.size < memory) return true;
  for (const [key, { written }] of entries) {
    if (written !== undefined) return entries.delete(key);
  }
  return false;
}

/** What to write next, and when: what is new, else the count that was written longest ago. */
function nextDue(
  entries: Iterable<Entry>,
  repeatMs: number,
  now: number,
): { readonly entry: Entry; readonly at: number } | undefined {
  let repeated: { readonly entry: Entry; readonly at: number } | undefined;
  for (const entry of entries) {
    const { written, count } = entry;
    if (written === undefined) return { entry, at: now };
    const at = written.at + repeatMs;
    if (written.count < count && (repeated === undefined || at < repeated.at)) repeated = { entry, at };
  }
  return repeated;
}

/** Makes the Event, or brings its count up to date. Resolves to its name. */
async function writeEvent(
  client: KubeClient,
  source: EventSource,
  entry: Entry,
  signal: AbortSignal,
): Promise<string> {
  const { subject, content, written } = entry;
  const events = { ...EVENTS, namespace: subject.metadata.namespace ?? "default" };
  if (written?.name !== undefined) {
    try {
      const body = { series: eventSeries(entry) };
      await client.patch({ ...events, name: written.name }, { type: "merge", body }, { signal });
      return written.name;
    } catch (error) {
      if (!isNotFound(error)) throw error; // forgotten by the API server
    }
  }
  const unique = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const object = eventObject(subject, content, source, entry, unique);
  await client.create(events, object, { signal });
  return object.metadata.name;
}

/** A signal that fires `ms` after `parent`. */
function startGrace(parent: AbortSignal, ms: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = () => timer = setTimeout(() => controller.abort(parent.reason), ms);
  parent.addEventListener("abort", begin);
  if (parent.aborted) begin();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      parent.removeEventListener("abort", begin);
      clearTimeout(timer);
    },
  };
}

import { backoffMs } from "../../time/backoff.ts";
import { startGrace } from "../../time/grace.ts";
import { pause } from "../../time/pause.ts";
import { createTokenBucket } from "../../time/token_bucket.ts";
import type { KubeClient } from "../client/client.ts";
import { KubeError } from "../client/kube_error.ts";
import { type EventContent, eventKey, type EventSource, type EventSubject } from "./event_object.ts";
import { type EventToWrite, writeEvent } from "./write_event.ts";

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
  /** How long an Event that another process has written counts as told, in milliseconds. */
  readonly freshMs: number;
  /** A new Event is written after a time of up to this at random, in milliseconds: many processes may see the same. */
  readonly spreadMs: number;
  /** How many different Events are remembered, written or not. */
  readonly memory: number;
}

/** The pace of a program of few processes. */
export const EVENT_PACE: EventPace = {
  burst: 25,
  refillMs: 4000,
  repeatMs: 60_000,
  freshMs: 600_000,
  spreadMs: 0,
  memory: 1000,
};

/** The pace of a program that runs on every node. */
export const NODE_EVENT_PACE: EventPace = { ...EVENT_PACE, burst: 10, spreadMs: 5000 };

/** The API server forgets Events after an hour; one that comes back later is a new one. */
const FORGET_MS = 30 * 60_000;
/** How long the last Events may take after the end. */
const LAST_WORDS_MS = 2000;
/** How soon to try again after a failure. */
const BACKOFF = { firstMs: 500, maxMs: 60_000 };
/** How often an Event may be refused: a server that starts refuses what it allows a moment later. */
const REFUSALS = 5;

interface Entry {
  readonly subject: EventSubject;
  readonly content: EventContent;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** Not to be written before. */
  notBefore: number;
  refusals: number;
  /** The count that was last written, given up or left to another process, and when. */
  written: { readonly count: number; readonly at: number } | undefined;
  told: EventToWrite["told"];
}

/**
 * An empty recorder. What happens again is counted in the same Event (`series`) and not written each time; all in all only
 * so much is written as `pace` allows, the new before the repeated. What cannot be written is kept and tried again, so
 * that nothing is lost while the API server is away; only what it refuses again and again is given up.
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
  let failures = 0;
  let pausedUntil = 0;

  function record(subject: EventSubject, content: EventContent): void {
    const key = eventKey(subject, content, source);
    const now = Date.now();
    let entry = entries.get(key);
    if (entry === undefined || now - entry.lastAt > FORGET_MS) {
      if (!makeRoom(entries, pace.memory)) return dropped("too many Events wait to be written");
      const notBefore = now + Math.random() * pace.spreadMs;
      const fresh = { refusals: 0, written: undefined, told: undefined };
      entry = { subject, content, firstAt: now, lastAt: now, count: 0, notBefore, ...fresh };
    }
    entry.count++;
    entry.lastAt = now;
    entries.delete(key);
    entries.set(key, entry); // the one heard of last is forgotten last
    rest.abort();
  }

  async function write(entry: Entry, signal: AbortSignal): Promise<void> {
    bucket.take(Date.now());
    const { subject, content, told } = entry;
    const { count, firstAt, lastAt } = entry;
    try {
      const event = { subject, content, occurrences: { count, firstAt, lastAt }, told };
      const upTo = await writeEvent(client, source, event, pace.freshMs, signal);
      entry.told = { upTo, count };
      entry.refusals = failures = 0;
      entry.written = { count, at: Date.now() };
    } catch (error) {
      const isRefused = error instanceof KubeError && isRefusal(error);
      if (!isRefused) pausedUntil = Date.now() + backoffMs(++failures, BACKOFF, Math.random());
      else if (++entry.refusals < REFUSALS) {
        entry.notBefore = Date.now() + backoffMs(entry.refusals, BACKOFF, Math.random());
      } else {
        dropped(error);
        entry.written = { count, at: Date.now() };
      }
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const wake = () => rest.abort();
    signal.addEventListener("abort", wake);
    using lastWords = startGrace(signal, LAST_WORDS_MS);
    while (!signal.aborted) {
      rest = new AbortController();
      const now = Date.now();
      const due = nextDue(entries.values(), pace.repeatMs, now);
      const waitMs = due === undefined ? FORGET_MS : Math.max(due.at - now, pausedUntil - now, bucket.waitMs(now));
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
  let next: { readonly entry: Entry; readonly at: number } | undefined;
  for (const entry of entries) {
    const { written, count, notBefore } = entry;
    if (written === undefined && notBefore <= now) return { entry, at: now };
    if (written !== undefined && written.count >= count) continue;
    const at = Math.max(notBefore, written === undefined ? 0 : written.at + repeatMs);
    if (next === undefined || at < next.at) next = { entry, at };
  }
  return next;
}

/** Whether the server has said no, and not only "not now" or nothing that is its own. */
function isRefusal({ status, reason }: KubeError): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 429 && reason !== "";
}

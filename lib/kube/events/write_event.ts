/** Writes one Event, or that the same has happened again, whoever wrote it first. */

import type { KubeClient } from "../client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../client/kube_error.ts";
import {
  type EventContent,
  eventKey,
  type EventObject,
  eventObject,
  eventSeries,
  type EventSource,
  type EventSubject,
  lastSeenAt,
  type Occurrences,
} from "./event_object.ts";

const EVENTS = { group: "events.k8s.io", version: "v1", plural: "events" };

/** What is to be told, and what this process has told of it. */
export interface EventToWrite {
  readonly subject: EventSubject;
  readonly content: EventContent;
  readonly occurrences: Occurrences;
  /**
   * How many of the occurrences are told, and up to when by this process: undefined when another one did. Absent before the
   * first time.
   */
  readonly told?: { readonly upTo: number | undefined; readonly count: number } | undefined;
}

/**
 * Makes the Event, or brings its count up to date. An Event that another process has written less than `freshMs` ago is
 * left as it is: 800 nodes that see the same would write the same 800 times. Resolves to the moment up to which this
 * process has told of it, in milliseconds since the epoch; undefined where another process has.
 */
export async function writeEvent(
  client: KubeClient,
  source: EventSource,
  event: EventToWrite,
  freshMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { subject, content, occurrences, told } = event;
  const collection = { ...EVENTS, namespace: subject.metadata.namespace ?? "default" };
  const object = eventObject(subject, content, source, occurrences, await digest(eventKey(subject, content, source)));
  const ref = { ...collection, name: object.metadata.name };
  const known = await readEvent(client, ref, signal);
  if (known === undefined) return await create(client, collection, object, occurrences, signal);
  const before = lastSeenAt(known);
  if (before !== told?.upTo && Math.abs(occurrences.lastAt - before) < freshMs) return undefined;
  const count = (known.series?.count ?? 1) + occurrences.count - (told?.count ?? 0);
  const series = eventSeries({ ...occurrences, count: Math.max(count, 2) });
  const body = { metadata: { resourceVersion: known.metadata.resourceVersion }, series };
  try {
    await client.patch(ref, { type: "merge", body }, { signal });
    return occurrences.lastAt;
  } catch (error) {
    if (isConflict(error)) return undefined; // another process was first
    throw error;
  }
}

type EventRef = typeof EVENTS & { readonly namespace: string; readonly name: string };

async function readEvent(client: KubeClient, ref: EventRef, signal: AbortSignal): Promise<EventObject | undefined> {
  try {
    return await client.get<EventObject>(ref, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function create(
  client: KubeClient,
  collection: Omit<EventRef, "name">,
  object: EventObject,
  { lastAt }: Occurrences,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    await client.create(collection, object, { signal });
    return lastAt;
  } catch (error) {
    if (isAlreadyExists(error)) return undefined; // another process was first
    throw error;
  }
}

/** 16 hexadecimal digits that stand for `text`. */
async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash, 0, 8).toHex();
}

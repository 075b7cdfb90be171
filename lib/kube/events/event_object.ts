import type { KubeObject, ObjectMeta } from "../../api/kube_object.ts";
import { microTime } from "../../time/micro_time.ts";

/** What an Event is about. Items of a list of built-in kinds carry no `apiVersion` and `kind`: name them. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, "name" | "namespace" | "uid" | "resourceVersion">;
}

/** What happened. */
export interface EventContent {
  readonly type: "Normal" | "Warning";
  /** Why, in one word for machines: `ParentMissing`. */
  readonly reason: string;
  /** What was tried, in one word: `MakeLink`. */
  readonly action: string;
  /** Why, in a sentence for people; cut after 1024 bytes. */
  readonly note: string;
  /**
   * Where it was seen, e.g. `node a`, when the same may be so in many places: it is one Event for all of them, which names
   * the first.
   */
  readonly place?: string;
}

/** Who tells. */
export interface EventSource {
  /** `netwatcher.danm.k8s.io` */
  readonly controller: string;
  /** Which of its processes, e.g. by the node's name. */
  readonly instance: string;
}

/** How often it happened, since when and until when, in milliseconds since the epoch. */
export interface Occurrences {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** An Event. Source: Kubernetes API, events.k8s.io/v1. */
export type EventObject = KubeObject<"Event", {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: EventContent["type"];
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}>;

/** Limits of the API server, in bytes. Source: Kubernetes API validation of events.k8s.io/v1. */
const NOTE_BYTES = 1024;
const INSTANCE_BYTES = 128;
const NAME_LENGTH = 253;

/** What is the same whenever the same is told of the same object, by whichever process of a program. */
export function eventKey({ kind, metadata }: EventSubject, content: EventContent, { controller }: EventSource): string {
  const { namespace, name, uid } = metadata;
  return JSON.stringify([controller, kind, namespace, name, uid, content.type, content.reason, content.note]);
}

/** Until when what `event` tells of was seen, in milliseconds since the epoch. */
export function lastSeenAt({ series, eventTime }: Pick<EventObject, "series" | "eventTime">): number {
  return Date.parse(series?.lastObservedTime ?? eventTime);
}

/**
 * The Event that tells of `content`.
 *
 * @param unique makes its name one of its own: 16 characters of [0-9a-f]
 */
export function eventObject(
  { apiVersion, kind, metadata }: EventSubject,
  content: EventContent,
  source: EventSource,
  occurrences: Occurrences,
  unique: string,
): EventObject {
  const { name, namespace, uid } = metadata;
  const { place, ...told } = content;
  const note = place === undefined ? content.note : `${content.note} (first seen on ${place})`;
  const stem = name.slice(0, NAME_LENGTH - unique.length - 1).replace(/[^0-9a-z]+$/, "");
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${stem}.${unique}`, namespace: namespace ?? "default" },
    eventTime: microTime(occurrences.firstAt),
    reportingController: source.controller,
    reportingInstance: cut(source.instance, INSTANCE_BYTES),
    ...told,
    note: cut(note, NOTE_BYTES),
    regarding: {
      apiVersion,
      kind,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
    },
    ...(occurrences.count > 1 && { series: eventSeries(occurrences) }),
  };
}

/** The part of an Event that changes when the same happens again. */
export function eventSeries({ count, lastAt }: Occurrences): NonNullable<EventObject["series"]> {
  return { count, lastObservedTime: microTime(lastAt) };
}

/** As much of `text` as fits, in whole characters. */
function cut(text: string, bytes: number): string {
  const buffer = new Uint8Array(bytes);
  const { read, written } = new TextEncoder().encodeInto(text, buffer);
  return read === text.length ? text : new TextDecoder().decode(buffer.subarray(0, written));
}

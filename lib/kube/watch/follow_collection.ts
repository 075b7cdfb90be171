import type { ObjectMeta } from "../../api/kube_object.ts";
import { backoffMs } from "../../time/backoff.ts";
import type { KubeClient } from "../client/client.ts";
import { startDeadline } from "../../time/deadline.ts";
import { isNotServed, KubeError } from "../client/kube_error.ts";
import { listPages } from "../client/list_pages.ts";
import { listenForCrd } from "./listen_for_crd.ts";
import { pause } from "../../time/pause.ts";
import type { ResourceType } from "../client/resource_path.ts";
import type { WatchEvent } from "./watch.ts";

/** Which objects to follow: those of one type, in all namespaces unless one is named. */
export interface Followed {
  readonly resource: ResourceType;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only `metadata` is of interest. */
  readonly metadataOnly?: boolean;
}

/** What an object must have to be followed. */
export interface Identified {
  readonly metadata: ObjectMeta;
}

/** What became known of the collection. */
export type Update<T> =
  /** A list begins: what none of its pages holds until `listed` does not exist any more. */
  | { readonly type: "listing" }
  | { readonly type: "page"; readonly objects: readonly T[] }
  | { readonly type: "listed" }
  | { readonly type: "changed"; readonly object: T }
  | { readonly type: "deleted"; readonly object: T }
  /** Nothing changed up to now. */
  | { readonly type: "unchanged" }
  /** The API server does not serve the type: its CRD is not installed, or not any more. */
  | { readonly type: "absent" }
  /** Nothing is known from now on, until an update of another type. */
  | { readonly type: "failed"; readonly error: unknown; readonly retryInMs: number };

/** How patient to be. Milliseconds, except where the name says otherwise. */
export interface FollowPace {
  /** Silence after which the connection counts as broken. The server sends a bookmark every minute or two. */
  readonly silenceMs: number;
  /** The server is asked to end each watch after this time and up to as much again at random. */
  readonly watchS: number;
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  /** How often to look whether a type that is not served has been installed, although nothing was heard of its CRD. */
  readonly absentPollMs: number;
  /** How long a type that was known must stay unknown before it counts as uninstalled: one replica may lag behind. */
  readonly absentAfterMs: number;
  readonly pageSize: number;
  /** Silence of a new watch that says that nothing changed before it: what did is told at once. */
  readonly quietMs: number;
}

/** The pace of daemons. */
export const FOLLOW_PACE: FollowPace = {
  silenceMs: 180_000,
  watchS: 300,
  backoff: { firstMs: 500, maxMs: 30_000 },
  absentPollMs: 20_000,
  absentAfterMs: 10_000,
  pageSize: 500,
  quietMs: 5000,
};

/** A watch that ends sooner without having told anything is no better than one that fails. */
const SHORT_WATCH_MS = 1000;

/**
 * Follows a collection until `signal` fires: a list, then watches that go on where the last one ended, then another list
 * whenever the server has forgotten that place. Never throws on account of the server: a failure is told and tried again,
 * at growing intervals.
 *
 * Source: Kubernetes API concepts, "Efficient detection of changes".
 *
 * @param accepted called whenever the server has accepted a watch
 */
export async function* followCollection<T extends Identified>(
  client: KubeClient,
  followed: Followed,
  pace: FollowPace,
  signal: AbortSignal,
  accepted?: () => void,
): AsyncGenerator<Update<T>, void, undefined> {
  const place: Place = { version: undefined, failures: 0 };
  const absence = trackAbsence(pace);
  const installed = listenForCrd(client, followed.resource, pace.backoff);
  while (!signal.aborted) {
    try {
      if (place.version === undefined) yield* listing<T>(client, followed, pace, place, signal);
      absence.served();
      installed.served();
      yield* watching<T>(client, followed, pace, place, signal, accepted);
    } catch (error) {
      if (signal.aborted) return;
      place.failures++;
      if (mustListAgain(error)) place.version = undefined;
      if (isNotServed(error) && absence.proven()) {
        place.failures = 0;
        yield { type: "absent" };
        await installed.heard(pace.absentPollMs * (0.5 + Math.random()), signal);
      } else {
        const retryInMs = backoffMs(place.failures, pace.backoff, Math.random());
        yield { type: "failed", error, retryInMs };
        await pause(retryInMs, signal);
      }
    }
  }
}

/** Up to where the collection is known, and how often in a row that could not be moved on. */
interface Place {
  version: string | undefined;
  failures: number;
}

async function* listing<T extends Identified>(
  client: KubeClient,
  followed: Followed,
  pace: FollowPace,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<Update<T>, void, undefined> {
  const { resource, namespace, ...selection } = followed;
  yield { type: "listing" };
  let version = "";
  for await (const page of listPages<T>(client, { ...resource, namespace }, { ...selection, signal }, pace.pageSize)) {
    if (page.repeated) yield { type: "listing" };
    yield { type: "page", objects: page.items };
    version = page.metadata.resourceVersion;
  }
  place.version = version;
  yield { type: "listed" };
}

async function* watching<T extends Identified>(
  client: KubeClient,
  followed: Followed,
  pace: FollowPace,
  place: Place,
  signal: AbortSignal,
  accepted?: () => void,
): AsyncGenerator<Update<T>, void, undefined> {
  const { resource, namespace, ...selection } = followed;
  const started = performance.now();
  let told = false;
  using silence = startDeadline(signal, pace.silenceMs);
  const events = client.watch<T>({ ...resource, namespace }, {
    ...selection,
    ...(place.version !== undefined && { resourceVersion: place.version }),
    timeoutSeconds: Math.ceil(pace.watchS * (1 + Math.random())),
    signal: silence.signal,
    ...(accepted && { accepted }),
  });
  for await (const event of events) {
    silence.extend();
    told = true;
    place.failures = 0;
    yield toUpdate(event);
    place.version = event.object.metadata.resourceVersion;
  }
  if (!told && performance.now() - started < SHORT_WATCH_MS) {
    throw new Error("Cannot watch: the server ended it at once");
  }
  place.failures = 0;
}

function toUpdate<T>({ type, object }: WatchEvent<T>): Update<T> {
  if (type === "BOOKMARK") return { type: "unchanged" };
  return { type: type === "DELETED" ? "deleted" : "changed", object };
}

/**
 * Whether the place in the history is of no use any more. Without an answer, or with one that says "not now", it still
 * is; any other refusal may be about the place itself (410, or a version of the future after a restored backup).
 */
function mustListAgain(error: unknown): boolean {
  return error instanceof KubeError && error.status !== 429 && error.status !== 503;
}

/** Tells a type that is not there from one that a lagging or restarting server does not know for a moment. */
function trackAbsence({ absentAfterMs }: FollowPace): { served(): void; proven(): boolean } {
  let servedOnce = false;
  let since: number | undefined;
  return {
    served() {
      servedOnce = true;
      since = undefined;
    },
    proven() {
      since ??= performance.now();
      const proven = !servedOnce || performance.now() - since >= absentAfterMs;
      if (proven) servedOnce = false;
      return proven;
    },
  };
}

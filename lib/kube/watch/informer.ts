import type { KubeClient } from "../client/client.ts";
import { FOLLOW_PACE, followCollection, type Followed, type FollowPace, type Identified } from "./follow_collection.ts";
import { type Change, createObjectCache } from "./object_cache.ts";
import { objectKey } from "./object_key.ts";

/** Which objects to keep, and in what form. */
export interface InformerOptions<Wire extends Identified, T extends Identified> extends Followed {
  /**
   * Keeps of an object only what is needed; must keep name, namespace, uid and resourceVersion. Field ownership
   * (`managedFields`) is dropped in any case.
   */
  readonly transform?: (object: Wire) => T;
  /** For tests that cannot wait as long as daemons do. */
  readonly pace?: Partial<FollowPace>;
}

/** Whoever wants to know of changes. What a handler throws ends the informer: it is a mistake of the program. */
export interface InformerHandlers<T> {
  /** Called after the cache has changed. */
  changed?(change: Change<T>): void;
  /** The API server could not be followed; it will be tried again. */
  failed?(error: unknown, retryInMs: number): void;
  /** The type was found to be served, or not to be. */
  servedChanged?(served: boolean): void;
}

/** The objects of one type as last seen, kept up to date while `run()` runs. */
export interface Informer<T> {
  /** The object with this `objectKey()`. Do not change it: everybody gets the same one. */
  get(key: string): T | undefined;
  /** All objects, in no particular order. */
  list(): T[];
  keys(): string[];
  readonly size: number;
  /** Whether everything that existed at some moment since the start is known; it never becomes false again. */
  readonly hasSynced: boolean;
  /** Resolves when `hasSynced`. Rejects with the reason when `run()` ends before. */
  readonly synced: Promise<void>;
  /** Whether the API server serves this type; undefined until it has said so. A type it does not serve has no objects. */
  readonly served: boolean | undefined;
  /**
   * Whether nothing is missing, as far as the server has said: false from a failure on until a list, or until the next
   * watch has told something or been silent for `quietMs`. A broken line can stay unnoticed for three minutes: ask the
   * API server itself before doing what cannot be undone.
   *
   * Never of a type that is not served: nobody is told of its first objects in time. See `isAbsent`.
   */
  readonly isCurrent: boolean;
  /**
   * Whether the server has said that it does not serve the type, and has answered ever since. The type may have been
   * installed a moment ago, with objects: whoever must know of each of them has to ask.
   */
  readonly isAbsent: boolean;
  /** Keeps the cache up to date until `signal` fires, then resolves. To be called once. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * A cache of objects that follows the API server: through restarts of either side, 410, cut and dead connections,
 * changed credentials, and types that are installed or removed meanwhile. What changed while nobody listened is told as
 * the difference; several changes of an object may be told as one.
 *
 * This is not client-node's informer, which (2.0.1) asks for no bookmarks, stops at any error but 410 and at every failed
 * list, skips a line it cannot parse, takes the re-creation of an object for an update and does not follow a type that is
 * not served yet; and which takes 70 MB and a second HTTP stack with it.
 */
export function createInformer<Wire extends Identified, T extends Identified = Wire>(
  client: KubeClient,
  options: InformerOptions<Wire, T>,
  handlers: InformerHandlers<T> = {},
): Informer<T> {
  const { transform = (object: Wire) => object as Identified as T, pace: changedPace, ...followed } = options;
  const pace = { ...FOLLOW_PACE, ...changedPace };
  const cache = createObjectCache<T>();
  const synced = Promise.withResolvers<void>();
  synced.promise.catch(() => {}); // whoever waits for it hears of it; nobody has to
  let hasSynced = false;
  let currentFrom = Infinity; // by performance.now()
  let served: boolean | undefined;
  let isAbsent = false;
  let listed: Set<string> | undefined;

  const tell = (changes: readonly Change<T>[]) => {
    for (const change of changes) handlers.changed?.(change);
  };
  const put = (object: Wire) => {
    listed?.add(objectKey(object.metadata));
    delete (object.metadata as { managedFields?: unknown }).managedFields;
    tell(cache.put(transform(object)));
  };
  const settle = (isServed: boolean) => {
    tell(cache.retain(listed ?? new Set()));
    listed = undefined;
    currentFrom = isServed ? 0 : Infinity;
    isAbsent = !isServed;
    const isNews = served !== isServed;
    served = isServed;
    hasSynced = true;
    synced.resolve();
    if (isNews) handlers.servedChanged?.(isServed);
  };

  async function run(signal: AbortSignal): Promise<void> {
    const accepted = () => void (currentFrom = Math.min(currentFrom, performance.now() + pace.quietMs));
    for await (const update of followCollection<Wire>(client, followed, pace, signal, accepted)) {
      switch (update.type) {
        case "listing":
          listed = new Set();
          break;
        case "page":
          update.objects.forEach(put);
          break;
        case "listed":
          settle(true);
          break;
        case "absent":
          listed = undefined;
          settle(false);
          break;
        case "failed":
          currentFrom = Infinity;
          isAbsent = false;
          handlers.failed?.(update.error, update.retryInMs);
          break;
        default:
          currentFrom = 0;
          if (update.type === "changed") put(update.object);
          if (update.type === "deleted") tell(cache.delete(update.object));
      }
    }
  }

  return {
    get: (key) => cache.objects.get(key),
    list: () => [...cache.objects.values()],
    keys: () => [...cache.objects.keys()],
    get size() {
      return cache.objects.size;
    },
    get hasSynced() {
      return hasSynced;
    },
    synced: synced.promise,
    get served() {
      return served;
    },
    get isCurrent() {
      return performance.now() >= currentFrom;
    },
    get isAbsent() {
      return isAbsent;
    },
    async run(signal) {
      try {
        await run(signal);
        synced.reject(signal.reason);
      } catch (error) {
        synced.reject(error);
        throw error;
      } finally {
        currentFrom = Infinity;
        isAbsent = false;
      }
    },
  };
}

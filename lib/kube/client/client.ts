import type { KubeConfig } from "../config/kubeconfig.ts";
import { conflictMeansBusy, type Patch, patchBody } from "./patch.ts";
import { type CollectionRef, type ObjectRef, resourcePath } from "./resource_path.ts";
import { judgePlain404 } from "./served_types.ts";
import { type ClientOptions, createTransport, type KubeRequest, toFailure } from "./transport.ts";
import { readWatchEvents, type WatchEvent } from "../watch/watch.ts";

/** Every call ends when `signal` fires: its deadline is also the end of all retries. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Ask for `metadata` alone (kind PartialObjectMetadata): small answers about big objects. */
  readonly metadataOnly?: boolean;
}

export interface GetOptions extends CallOptions {
  /**
   * Whether the server may answer from what it remembers, however old; false by default: the latest, which it asks its
   * storage for. Source: Kubernetes API concepts, "Semantics for get and list", resourceVersion "0".
   */
  readonly anyVersion?: boolean;
}

export interface WriteOptions extends CallOptions {
  /**
   * Whether sending the request twice does no harm; false by default. When true, a lost answer or a 500, 502 or 504 is
   * followed by another attempt, so the caller must know its own work again: a create may answer AlreadyExists for the
   * object it made itself, a JSON patch with a `test` may answer 422, a delete may answer NotFound.
   */
  readonly idempotent?: boolean;
  /** Check and admit, but store nothing. */
  readonly dryRun?: boolean;
  /** Called before every attempt; what it throws is what the call rejects with. */
  readonly check?: () => void;
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only the very object that is meant: anything else is a conflict. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
}

/** Selectors in Kubernetes' own syntax, e.g. `app=web,tier!=cache`. */
export interface Selection {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends CallOptions, Selection {
  /** Objects per page at most; all of them when absent. */
  readonly limit?: number;
  /** `metadata.continue` of the page before. */
  readonly continue?: string;
  /**
   * A resourceVersion that was seen: the server may answer from what it knows if that is no older. Absent: the latest,
   * which it has to make sure of. Later pages are as old as the first.
   */
  readonly notOlderThan?: string;
}

/** What selects all pages of a list. */
export type ListAllOptions = Omit<ListOptions, "limit" | "continue">;

export interface WatchOptions extends CallOptions, Selection {
  /** Start after this version; absent: with an `ADDED` for every object there is. */
  readonly resourceVersion?: string;
  /** The server ends the watch after this time; 30 to 60 minutes when absent. */
  readonly timeoutSeconds?: number;
  /** Called when the server has begun to answer; what has changed since `resourceVersion`, or an error, follows at once. */
  readonly accepted?: () => void;
}

/** One page of a list. */
export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/**
 * The Kubernetes API, without discovery, caches or rate limits. Type parameters are the caller's word for what the
 * server's schema guarantees. All calls reject with `KubeError` (the server's answer), `KubeUnreachableError` (no
 * answer) or the signal's own reason; what is tried again by itself is in `retry_policy.ts`.
 */
export interface KubeClient extends Disposable {
  /** Base URL of the API server. */
  readonly server: string;
  get<T>(ref: ObjectRef, options: GetOptions): Promise<T>;
  list<T>(ref: CollectionRef, options: ListOptions): Promise<KubeList<T>>;
  /** Makes an object in a collection, or posts to a subresource such as `token`. */
  create<T>(ref: CollectionRef | ObjectRef, object: object, options: WriteOptions): Promise<T>;
  /** Replaces the whole object; a conflict unless its resourceVersion is the current one. */
  update<T>(ref: ObjectRef, object: object, options: WriteOptions): Promise<T>;
  patch<T>(ref: ObjectRef, patch: Patch, options: WriteOptions): Promise<T>;
  delete(ref: ObjectRef, options: DeleteOptions): Promise<void>;
  /**
   * One watch, bookmarks included. It ends when the server ends it, which is normal; watch again from the last
   * resourceVersion seen, or list again when `isGone` says that one is too old.
   */
  watch<T>(ref: CollectionRef, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void, undefined>;
}

/**
 * Opens a client. Dispose of it when done: it holds pooled connections.
 */
export function createClient(config: KubeConfig, options?: ClientOptions): KubeClient {
  const transport = createTransport(config, options);
  const send = async <T>(ref: CollectionRef | ObjectRef, options: WriteOptions, request: Partial<KubeRequest<T>>) => {
    const { signal, check, idempotent = false } = options;
    const common = { method: "GET", signal, conflictMeansBusy: false, read: readJson } as const;
    const metadataAccept = accept("PartialObjectMetadata", options);
    try {
      return await transport.send<T>({
        ...common,
        path: resourcePath(ref),
        accept: metadataAccept,
        idempotent,
        ...(check && { check }),
        ...request,
      });
    } catch (error) {
      const readPath = (path: string) =>
        transport.send<unknown>({ ...common, path, accept: "application/json", idempotent: true });
      throw await judgePlain404(error, ref, readPath);
    }
  };
  return {
    server: transport.server,
    get: (ref, options) => send(ref, options, { query: getQuery(options), idempotent: true }),
    list: <T>(ref: CollectionRef, options: ListOptions) =>
      send<KubeList<T>>(ref, options, {
        query: listQuery(options),
        accept: accept("PartialObjectMetadataList", options),
        idempotent: true,
        read: readList,
      }),
    create: (ref, object, options) =>
      send(ref, options, { method: "POST", query: writeQuery(options), body: json(object) }),
    update: (ref, object, options) =>
      send(ref, options, { method: "PUT", query: writeQuery(options), body: json(object) }),
    patch: (ref, patch, options) =>
      send(ref, options, {
        method: "PATCH",
        query: patchQuery(patch, options),
        body: patchBody(patch),
        conflictMeansBusy: conflictMeansBusy(patch),
      }),
    async delete(ref, options) {
      const { preconditions, propagationPolicy } = options;
      const body = json({ kind: "DeleteOptions", apiVersion: "v1", preconditions, propagationPolicy });
      await send(ref, options, { method: "DELETE", query: writeQuery(options), body });
    },
    async *watch<T>(ref: CollectionRef, options: WatchOptions) {
      const read = (response: Response) => {
        options.accepted?.();
        return Promise.resolve(response.body ?? new ReadableStream());
      };
      const body = await send(ref, options, { query: watchQuery(options), idempotent: true, read });
      try {
        yield* readWatchEvents<T>(body, `WATCH ${resourcePath(ref)}`, options.signal);
      } catch (error) {
        throw toFailure(transport.server, options.signal, error);
      }
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

function readJson<T>(response: Response): Promise<T> {
  return response.json();
}

/**
 * The API server writes an empty list of metadata as `"items": null`. What is no list at all, such as the greeting of a
 * proxy, must not be taken for an empty one.
 *
 * @throws {SyntaxError}
 */
async function readList<T>(response: Response): Promise<KubeList<T>> {
  const list = await response.json();
  const items = list?.items ?? [];
  if (typeof list?.metadata?.resourceVersion !== "string" || !Array.isArray(items)) {
    throw new SyntaxError("it is no list");
  }
  return { ...list, items };
}

function accept(metadataKind: string, { metadataOnly = false }: CallOptions): string {
  return metadataOnly ? `application/json;as=${metadataKind};g=meta.k8s.io;v=v1` : "application/json";
}

function json(value: object): { readonly type: string; readonly value: object } {
  return { type: "application/json", value };
}

function getQuery({ anyVersion = false }: GetOptions): URLSearchParams {
  return query({ resourceVersion: anyVersion ? "0" : undefined });
}

function listQuery(options: ListOptions): URLSearchParams {
  const { labelSelector, fieldSelector, limit, continue: next, notOlderThan } = options;
  const resourceVersion = next === undefined ? notOlderThan : undefined;
  const resourceVersionMatch = resourceVersion && "NotOlderThan";
  return query({ labelSelector, fieldSelector, limit, continue: next, resourceVersion, resourceVersionMatch });
}

function watchQuery(options: WatchOptions): URLSearchParams {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  return query({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
  });
}

function patchQuery(patch: Patch, options: WriteOptions): URLSearchParams {
  const apply = patch.type === "apply" ? { fieldManager: patch.fieldManager, force: patch.force } : {};
  return query({ dryRun: options.dryRun ? "All" : undefined, ...apply });
}

function writeQuery(options: WriteOptions): URLSearchParams {
  return query({ dryRun: options.dryRun ? "All" : undefined });
}

function query(values: Readonly<Record<string, string | number | boolean | undefined>>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(values).flatMap(([key, value]) => value === undefined ? [] : [[key, String(value)]]),
  );
}

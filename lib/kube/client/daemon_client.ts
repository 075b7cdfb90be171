import { type CallOptions, createClient, type KubeClient, type WatchOptions } from "./client.ts";
import { startDeadline } from "../../time/deadline.ts";
import { KubeError, KubeUnreachableError } from "./kube_error.ts";
import type { KubeConfig } from "../config/kubeconfig.ts";
import type { CollectionRef } from "./resource_path.ts";
import type { ClientOptions } from "./transport.ts";

/** How long one call may take, tries included, in milliseconds. Watches are not bounded. */
const CALL_MS = 30_000;

/**
 * A client for processes that live long. Where `createClient()` keeps what it was opened with, this one starts anew,
 * credentials, certificates and connections, for the calls that follow
 * - an answer that did not come in time: all requests share one HTTP/2 connection, and a dead one (a firewall that
 *   forgot it, a server that lost power) would swallow every request until the kernel gives up after a quarter of an hour;
 * - a 401 or a server certificate that is not trusted: the files that `load` reads may hold newer ones.
 *
 * Every call but a watch ends after 30 s at most; a watch must be given a signal that fires with a `TimeoutError` when
 * it has been silent for too long.
 *
 * @param load reads the configuration; what it throws later than in the first call leaves everything as it is
 * @param options who asks
 */
export function createDaemonClient(load: () => KubeConfig, options?: ClientOptions): KubeClient {
  let current = createClient(load(), options);

  function renewAfter(error: unknown, failed: KubeClient): void {
    if (!isStale(error) || failed !== current) return;
    try {
      current = createClient(load(), options);
      failed[Symbol.dispose](); // what still runs there goes on
    } catch {
      // half-written files: the next failure reads them again
    }
  }

  async function call<Options extends CallOptions, Answer>(
    options: Options,
    send: (client: KubeClient, options: Options) => Promise<Answer>,
  ): Promise<Answer> {
    const client = current;
    using deadline = startDeadline(options.signal, CALL_MS);
    try {
      return await send(client, { ...options, signal: deadline.signal });
    } catch (error) {
      renewAfter(error, client);
      throw error;
    }
  }

  return {
    get server() {
      return current.server;
    },
    get: (ref, options) => call(options, (client, bounded) => client.get(ref, bounded)),
    list: (ref, options) => call(options, (client, bounded) => client.list(ref, bounded)),
    create: (ref, object, options) => call(options, (client, bounded) => client.create(ref, object, bounded)),
    update: (ref, object, options) => call(options, (client, bounded) => client.update(ref, object, bounded)),
    patch: (ref, patch, options) => call(options, (client, bounded) => client.patch(ref, patch, bounded)),
    delete: (ref, options) => call(options, (client, bounded) => client.delete(ref, bounded)),
    async *watch<T>(ref: CollectionRef, options: WatchOptions) {
      const client = current;
      try {
        yield* client.watch<T>(ref, options);
      } catch (error) {
        renewAfter(error, client);
        throw error;
      }
    },
    [Symbol.dispose]: () => current[Symbol.dispose](),
  };
}

function isStale(error: unknown): boolean {
  if (error instanceof KubeError) return error.status === 401;
  return error instanceof KubeUnreachableError && (error.kind === "deadline" || error.kind === "certificate");
}

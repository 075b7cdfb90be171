import type { KubeClient, WriteOptions } from "./client.ts";

/**
 * A client that calls `check` before every write, which must throw when the caller may not write any more: also before a
 * write that is tried again, which may be long after the first attempt.
 */
export function fencedClient(client: KubeClient, check: () => void): KubeClient {
  const fenced = <Options extends WriteOptions>(options: Options): Options => ({ ...options, check });
  return {
    get server() {
      return client.server;
    },
    get: (ref, options) => client.get(ref, options),
    list: (ref, options) => client.list(ref, options),
    watch: (ref, options) => client.watch(ref, options),
    create: (ref, object, options) => client.create(ref, object, fenced(options)),
    update: (ref, object, options) => client.update(ref, object, fenced(options)),
    patch: (ref, patch, options) => client.patch(ref, patch, fenced(options)),
    delete: (ref, options) => client.delete(ref, fenced(options)),
    [Symbol.dispose]() {}, // it is somebody else's
  };
}

import type { KubeClient } from "./client.ts";

/** A client that calls `check` before every write, which must throw when the caller may not write any more. */
export function fencedClient(client: KubeClient, check: () => void): KubeClient {
  const fenced = async <Answer>(write: () => Promise<Answer>): Promise<Answer> => {
    check();
    return await write();
  };
  return {
    get server() {
      return client.server;
    },
    get: (ref, options) => client.get(ref, options),
    list: (ref, options) => client.list(ref, options),
    watch: (ref, options) => client.watch(ref, options),
    create: (ref, object, options) => fenced(() => client.create(ref, object, options)),
    update: (ref, object, options) => fenced(() => client.update(ref, object, options)),
    patch: (ref, patch, options) => fenced(() => client.patch(ref, patch, options)),
    delete: (ref, options) => fenced(() => client.delete(ref, options)),
    [Symbol.dispose]() {}, // it is somebody else's
  };
}

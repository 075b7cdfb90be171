import type { KubeClient } from "./client.ts";

/**
 * A client for who may get by without one: every call rejects with `reason`, why there is none.
 *
 * @param server what its errors and logs may call the API server
 */
export function unusableClient(server: string, reason: unknown): KubeClient {
  const refuse = () => Promise.reject(reason);
  return {
    server,
    get: refuse,
    list: refuse,
    create: refuse,
    update: refuse,
    patch: refuse,
    delete: refuse,
    // deno-lint-ignore require-yield
    async *watch() {
      await refuse();
    },
    [Symbol.dispose]() {}, // it holds nothing
  };
}

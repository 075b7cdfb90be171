/** Lends danm on this node the connections to the API server that netwatcher has open. */

import { serveUnix } from "../../host/serving/serve_unix.ts";
import { createApiRelay } from "../../kube/client/api_relay.ts";
import { RELAY_SOCKET } from "../../kube/client/relay_protocol.ts";
import type { Daemon } from "../daemon.ts";

/** Serves the relay in `stateDir` until `signal` fires. danm does without it where that fails, so it only says so. */
export async function serveRelay(
  { config, log }: Pick<Daemon, "config" | "log">,
  stateDir: string,
  signal: AbortSignal,
): Promise<void> {
  const socket = `${stateDir}/${RELAY_SOCKET}`;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stop());
  if (signal.aborted) return;
  using relay = createApiRelay(config);
  await using stack = new AsyncDisposableStack();
  try {
    stack.use(await serveUnix(socket, (request) => relay.respond(request)));
    log.write("info", "relaying requests to the API server", { socket });
  } catch (reason) {
    log.write("warning", "cannot relay requests to the API server, so danm makes connections of its own", { reason });
  }
  await stopped;
}

import { dirname } from "@std/path/posix";
import type { HttpServer } from "./serve_http.ts";

/**
 * Serves HTTP on a Unix socket that only this user can connect to. The socket takes the place of what an earlier server
 * left at `path`, or of an earlier server that still runs, at once and whole. It stays when this one ends: nobody answers
 * there then.
 *
 * @throws {Error} when it cannot listen there
 */
export async function serveUnix(
  path: string,
  handler: (request: Request) => Promise<Response>,
): Promise<Omit<HttpServer, "address">> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.tmp`;
  await Deno.remove(temporary).catch(() => {}); // of a server that was killed here
  const server = Deno.serve({ path: temporary, onListen: () => {} }, handler);
  await Deno.chmod(temporary, 0o600);
  await Deno.rename(temporary, path);
  return { [Symbol.asyncDispose]: () => server.shutdown() };
}

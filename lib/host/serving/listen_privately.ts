import { dirname } from "@std/path/posix";

/**
 * Listens on a Unix socket that only this user can connect to. The socket takes the place of what an earlier server left
 * at `path`, or of an earlier server that still runs, at once and whole. It stays when this one ends: nobody answers
 * there then.
 *
 * @throws {Error} when it cannot listen there
 */
export async function listenPrivately(path: string): Promise<Deno.UnixListener> {
  const folder = dirname(path);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  // A folder that nobody else enters, until the socket has its mode: the one around may be open to all.
  const entry = await Deno.makeTempDir({ dir: folder, prefix: ".socket-" });
  try {
    const listener = Deno.listen({ transport: "unix", path: `${entry}/new` });
    await Deno.chmod(`${entry}/new`, 0o600);
    await Deno.rename(`${entry}/new`, path);
    return listener;
  } finally {
    await Deno.remove(entry, { recursive: true });
  }
}

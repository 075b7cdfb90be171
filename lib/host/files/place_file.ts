import { basename, dirname, join } from "@std/path/posix";
import { removeIfThere } from "./remove_path.ts";
import { syncDirectory } from "./sync_directory.ts";

/** What a file shall hold: a text, or the bytes of another file. */
export type Content = { readonly text: string } | { readonly copyOf: string };

/** The name under which `placeFile()` prepares a file: one that no container runtime takes for a configuration. */
export function placingName(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

/**
 * Puts a file in its place so that it may be read and executed at any instant, even by a machine that loses power:
 * prepared under another name, flushed, renamed, and the directory flushed. It is closed before it gets its name, as the
 * kernel refuses to execute what somebody has open for writing (execve(2), ETXTBSY).
 *
 * One placer of a file at a time. What a killed one left is used up by the next, or removed under `placingName()`.
 *
 * @param mode permission bits of the file, whatever the umask
 */
export async function placeFile(path: string, content: Content, mode: number): Promise<void> {
  const prepared = placingName(path);
  await removeIfThere(prepared);
  try {
    if ("text" in content) await Deno.writeTextFile(prepared, content.text, { mode: mode & 0o600 });
    else await Deno.copyFile(content.copyOf, prepared);
    await Deno.chmod(prepared, mode);
    await flush(prepared);
    await Deno.rename(prepared, path);
  } catch (error) {
    await removeIfThere(prepared).catch(() => {}); // the first error tells more
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** By a descriptor that only reads: fsync(2) is about the file, whoever wrote it. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

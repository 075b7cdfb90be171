import { dirname } from "@std/path/posix";
import { openLocked } from "./open_locked.ts";
import { syncDirectory } from "./sync_directory.ts";
import { writeAll } from "./write_all.ts";

/**
 * Writes `text` to the file at `path` so that every reader, and a machine that loses power at any moment, finds the old
 * content or the new one whole: written to `<path>.tmp`, flushed, renamed, and the directory flushed. What a killed
 * writer left there the next one uses; writers at the same time take turns.
 *
 * @param mode permission bits of the file, whatever the umask
 */
export async function writeFileAtomic(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`;
  using file = await openLocked(temporary, new AbortController().signal);
  try {
    await file.truncate();
    writeAll(file, new TextEncoder().encode(text));
    await Deno.chmod(temporary, mode);
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // the first error tells more
    throw error;
  }
  await syncDirectory(dirname(path));
}

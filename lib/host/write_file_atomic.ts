import { dirname } from "@std/path/posix";
import { syncDirectory } from "./sync_directory.ts";
import { writeAll } from "./write_all.ts";

/**
 * Writes `text` to the file at `path` so that every reader, and a machine that loses power at any moment, finds the old
 * content or the new one whole: written beside it, flushed, renamed, and the directory flushed.
 *
 * @param mode permission bits of the file, whatever the umask
 */
export async function writeFileAtomic(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    writeAll(file, new TextEncoder().encode(text));
    await Deno.chmod(temporary, mode);
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));
}

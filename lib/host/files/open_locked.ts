/** A file as a lock between processes. */
import { pause } from "../../time/pause.ts";

/** Milliseconds between two tries: doubled from the first to the second. */
const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 16;

/**
 * Opens the file at `path` for reading and writing, made with mode 0600 if need be, and holds its exclusive lock
 * (flock(2)) until it is closed. The holder may unlink the file: who waited for it then starts again with the file that
 * has the name.
 *
 * @throws the reason of `signal` when it aborts before the lock is free
 */
export async function openLocked(path: string, signal: AbortSignal): Promise<Deno.FsFile> {
  while (true) {
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
    try {
      await lock(file, signal);
      if (await hasName(file, path)) return file;
      file.close();
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

/** Tries again and again, as a blocked flock(2) could not be given up. */
async function lock(file: Deno.FsFile, signal: AbortSignal): Promise<void> {
  for (let wait = FIRST_WAIT_MS;; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    if (await file.tryLock(true)) return;
    await pause(wait);
  }
}

async function hasName(file: Deno.FsFile, path: string): Promise<boolean> {
  try {
    const [held, named] = await Promise.all([file.stat(), Deno.stat(path)]);
    return held.ino === named.ino && held.dev === named.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Makes one flush serve everyone who waits for it. The promise returned covers all that was written before the call:
 * its flush starts after the call, and calls made until then share it. Flushes do not overlap. After one has failed all
 * later ones fail with the same error: what the kernel could not write once it does not try again (fsync(2), NOTES).
 */
export function groupFlush(flush: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return () =>
    waiting ??= last = last.then(() => {
      waiting = undefined;
      return flush();
    });
}

/** Bounds what is being read at a time, without keeping anybody out. */

/** Somebody who reads; disposing of it makes room. */
export interface Reading extends Disposable {
  /** Fires when others need the room. */
  readonly signal: AbortSignal;
}

/** Room for a number of bytes. */
export interface ReadingRoom {
  /** Enters to read `bytes` at most. Where there is no room, whoever has been reading for longest must leave. */
  enter(bytes: number): Reading;
}

/**
 * Opens a room for `maxBytes`. A body that its sender means to send is read within moments, so those who have been at it
 * for longest are the ones who only announced theirs.
 */
export function openReadingRoom(maxBytes: number): ReadingRoom {
  const readers = new Map<AbortController, number>();
  const used = () => readers.values().reduce((sum, bytes) => sum + bytes, 0);
  return {
    enter(bytes) {
      for (const [reader] of readers) {
        if (used() + bytes <= maxBytes) break;
        readers.delete(reader);
        reader.abort();
      }
      const reader = new AbortController();
      readers.set(reader, bytes);
      return { signal: reader.signal, [Symbol.dispose]: () => void readers.delete(reader) };
    },
  };
}

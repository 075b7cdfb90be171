/** Doing at most so many things at a time. */

/** Lets work through in the order in which it came. */
export interface Gate {
  /**
   * Does `work` when there is room.
   *
   * @throws the reason of `signal` when that comes before its turn, and whatever `work` throws
   */
  pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** How many are waiting. */
  readonly waiting: number;
}

/** A gate that lets `room` works through at a time. */
export function createGate(room: number): Gate {
  const queue = new Set<() => void>();
  let free = room;

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        queue.delete(turn);
        reject(signal.reason);
      };
      const turn = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      queue.add(turn);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Whoever is next takes the room over: it is never free in between. */
  function leave(): void {
    const [next] = queue;
    if (next === undefined) {
      free++;
      return;
    }
    queue.delete(next);
    next();
  }

  return {
    get waiting() {
      return queue.size;
    },
    async pass(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

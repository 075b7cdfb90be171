/** Doing many things at once, but some of them after others. */

/** Something was not begun because what it waited for failed. It has no cause of its own. */
export class NotBegunError extends AggregateError {
  override readonly name = "NotBegunError";
  constructor(awaited: string) {
    super([], `not begun, as ${awaited} failed`);
  }
}

/**
 * Does `work` for each of `items`, as soon as it is done for those that the item waits for. Resolves, to how each of them
 * ended, when all have.
 *
 * @param waitsFor others of `items`; must not lead in a circle
 */
export async function runInOrder<Item extends { readonly name: string }, T>(
  items: readonly Item[],
  waitsFor: (item: Item) => readonly Item[],
  work: (item: Item) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const begun = new Map<Item, Promise<T>>();
  const begin = (item: Item): Promise<T> => {
    const running = begun.get(item) ?? after(waitsFor(item), begin, () => work(item));
    begun.set(item, running);
    return running;
  };
  return await Promise.allSettled(items.map(begin));
}

async function after<Item extends { readonly name: string }, T>(
  awaited: readonly Item[],
  begin: (item: Item) => Promise<T>,
  work: () => Promise<T>,
): Promise<T> {
  const outcomes = await Promise.allSettled(awaited.map(begin));
  const failed = outcomes.findIndex(({ status }) => status === "rejected");
  if (failed >= 0) throw new NotBegunError(awaited[failed]!.name);
  return await work();
}

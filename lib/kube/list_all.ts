import type { CallOptions, KubeClient, KubeList, Selection } from "./client.ts";
import { isGone } from "./kube_error.ts";
import type { CollectionRef } from "./resource_path.ts";

/**
 * Every object of a collection that `options` selects, read in pages so that neither side holds a huge answer.
 * When the server forgets the list half-way (410), all of it is read again at once, which always ends.
 */
export async function listAll<T>(
  client: KubeClient,
  ref: CollectionRef,
  options: CallOptions & Selection,
  pageSize = 500,
): Promise<T[]> {
  const items: T[] = [];
  try {
    for (let next: string | undefined = ""; next !== undefined;) {
      const page: KubeList<T> = await client.list<T>(ref, {
        ...options,
        limit: pageSize,
        ...(next !== "" && { continue: next }),
      });
      items.push(...page.items);
      next = page.metadata.continue || undefined;
    }
    return items;
  } catch (error) {
    if (!isGone(error)) throw error;
    return [...(await client.list<T>(ref, options)).items];
  }
}

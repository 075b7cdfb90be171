import type { KubeClient, ListAllOptions } from "./client.ts";
import { listPages } from "./list_pages.ts";
import type { CollectionRef } from "./resource_path.ts";

/**
 * Every object of a collection that `options` selects, read in pages so that neither side holds a huge answer.
 * When the server forgets the list half-way (410), all of it is read again at once, which always ends.
 */
export async function listAll<T>(
  client: KubeClient,
  ref: CollectionRef,
  options: ListAllOptions,
  pageSize = 500,
): Promise<T[]> {
  let items: T[] = [];
  for await (const page of listPages<T>(client, ref, options, pageSize)) {
    if (page.repeated) items = [];
    items.push(...page.items);
  }
  return items;
}

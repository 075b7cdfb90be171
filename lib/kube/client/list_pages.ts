import type { KubeClient, KubeList, ListAllOptions } from "./client.ts";
import { isGone } from "./kube_error.ts";
import type { CollectionRef } from "./resource_path.ts";

/**
 * The pages of a list. All pages but a repeated one show the same moment, which `metadata.resourceVersion` of the last
 * page names. When the server forgets that moment half-way (410), one more page repeats everything, which always ends;
 * so the objects of that page alone are the list.
 */
export async function* listPages<T>(
  client: KubeClient,
  ref: CollectionRef,
  options: ListAllOptions,
  pageSize: number,
): AsyncGenerator<KubeList<T> & { readonly repeated: boolean }, void, undefined> {
  for (let next: string | undefined = ""; next !== undefined;) {
    let page: KubeList<T>;
    try {
      page = await client.list<T>(ref, { ...options, limit: pageSize, ...(next !== "" && { continue: next }) });
    } catch (error) {
      if (next === "" || !isGone(error)) throw error;
      return yield { ...await client.list<T>(ref, options), repeated: true };
    }
    yield { ...page, repeated: false };
    next = page.metadata.continue || undefined;
  }
}

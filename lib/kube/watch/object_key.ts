import type { ObjectMeta } from "../../api/kube_object.ts";

/** What names an object among those of its type: `namespace/name`, or `name` for one without a namespace. */
export function objectKey({ namespace, name }: Pick<ObjectMeta, "namespace" | "name">): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The parts of an `objectKey()`. */
export function splitKey(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

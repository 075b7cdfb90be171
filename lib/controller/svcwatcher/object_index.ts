import type { Change } from "../../kube/watch/object_cache.ts";

/** Objects of an informer by something else than their name. */
export interface ObjectIndex<T> {
  /** To be told of every change, in order. */
  apply(change: Change<T>): void;
  /** All objects under `group`, in no particular order. */
  get(group: string): T[];
  /** Every group that has an object. */
  groups(): string[];
}

/** An empty index. `groupOf` must depend on the object alone. */
export function createObjectIndex<T>(groupOf: (object: T) => string): ObjectIndex<T> {
  const groups = new Map<string, Map<string, T>>();
  return {
    apply({ key, before, after }) {
      if (before !== undefined) {
        const group = groupOf(before);
        const objects = groups.get(group);
        objects?.delete(key);
        if (objects?.size === 0) groups.delete(group);
      }
      if (after !== undefined) {
        const group = groupOf(after);
        const objects = groups.get(group) ?? new Map<string, T>();
        groups.set(group, objects.set(key, after));
      }
    },
    get: (group) => [...groups.get(group)?.values() ?? []],
    groups: () => [...groups.keys()],
  };
}

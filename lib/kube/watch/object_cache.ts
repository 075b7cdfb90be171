import type { Identified } from "./follow_collection.ts";
import { objectKey } from "./object_key.ts";

/** One object that came (`before` is undefined), went (`after` is undefined) or is no longer as it was. */
export interface Change<T> {
  /** `objectKey()` of the object. */
  readonly key: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** Objects by key, and what a list or an event changes about them. Every method returns the changes, in order. */
export interface ObjectCache<T> {
  readonly objects: ReadonlyMap<string, T>;
  put(object: T): Change<T>[];
  delete(object: Identified): Change<T>[];
  /** Deletes what `keys` does not hold. */
  retain(keys: ReadonlySet<string>): Change<T>[];
}

/**
 * An empty cache. An object that was deleted and made again under its name, told as one step, is two changes: nobody
 * has to compare UIDs to notice.
 */
export function createObjectCache<T extends Identified>(): ObjectCache<T> {
  const objects = new Map<string, T>();
  function remove(key: string): Change<T>[] {
    const before = objects.get(key);
    return objects.delete(key) ? [{ key, before, after: undefined }] : [];
  }
  return {
    objects,
    put(after) {
      const key = objectKey(after.metadata);
      const before = objects.get(key);
      objects.set(key, after);
      if (before === undefined) return [{ key, before, after }];
      if (before.metadata.uid !== after.metadata.uid) {
        return [{ key, before, after: undefined }, { key, before: undefined, after }];
      }
      return before.metadata.resourceVersion === after.metadata.resourceVersion ? [] : [{ key, before, after }];
    },
    delete: (object) => remove(objectKey(object.metadata)),
    retain: (keys) => [...objects.keys()].filter((key) => !keys.has(key)).flatMap(remove),
  };
}

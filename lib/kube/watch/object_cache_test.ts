import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Change, createObjectCache } from "./object_cache.ts";
import { objectKey, splitKey } from "./object_key.ts";

function object(name: string, resourceVersion: string, uid = name) {
  return { metadata: { namespace: "n", name, uid, resourceVersion } };
}

/** `+a1`, `~a2`, `-a2`: what became of an object, with its last version. */
function brief({ key, before, after }: Change<ReturnType<typeof object>>): string {
  const sign = before === undefined ? "+" : after === undefined ? "-" : "~";
  return `${sign}${splitKey(key).name}${(after ?? before)?.metadata.resourceVersion}`;
}

Deno.test("createObjectCache() tells what came, changed and went", () => {
  const cache = createObjectCache<ReturnType<typeof object>>();
  assertEquals(cache.put(object("a", "1")).map(brief), ["+a1"]);
  assertEquals(cache.put(object("a", "1")).map(brief), []);
  assertEquals(cache.put(object("a", "2")).map(brief), ["~a2"]);
  assertEquals(cache.delete(object("a", "3")).map(brief), ["-a2"]);
  assertEquals(cache.delete(object("a", "3")).map(brief), []);
});

Deno.test("createObjectCache() takes an object made again under its name for another one", () => {
  const cache = createObjectCache<ReturnType<typeof object>>();
  cache.put(object("a", "1", "old"));
  assertEquals(cache.put(object("a", "2", "new")).map(brief), ["-a1", "+a2"]);
});

Deno.test("createObjectCache().retain() deletes what the list did not hold", () => {
  const cache = createObjectCache<ReturnType<typeof object>>();
  for (const name of ["a", "b", "c"]) cache.put(object(name, "1"));
  assertEquals(cache.retain(new Set(["n/b"])).map(brief), ["-a1", "-c1"]);
  assertEquals([...cache.objects.keys()], ["n/b"]);
});

Deno.test("createObjectCache() tells changes from which the same cache can be made", () => {
  const name = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ type: fc.constant("put"), name, version: fc.nat(3).map(String), uid: fc.constantFrom("x", "y") }),
    fc.record({ type: fc.constant("delete"), name, version: fc.constant("9"), uid: fc.constant("x") }),
    fc.record({ type: fc.constant("retain"), name, version: fc.constant(""), uid: fc.constant("") }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const cache = createObjectCache<ReturnType<typeof object>>();
    const copy = new Map<string, ReturnType<typeof object>>();
    for (const { type, name, version, uid } of steps) {
      const subject = object(name, version, uid);
      const changes = type === "put"
        ? cache.put(subject)
        : type === "delete"
        ? cache.delete(subject)
        : cache.retain(new Set([objectKey(subject.metadata)]));
      for (const { key, before, after } of changes) {
        assertEquals(copy.get(key), before);
        if (after === undefined) copy.delete(key);
        else copy.set(key, after);
      }
      assertEquals(new Map(cache.objects), copy);
    }
  }));
});

Deno.test("splitKey() is the reverse of objectKey()", () => {
  for (const parts of [{ name: "a" }, { namespace: "n", name: "a" }]) assertEquals(splitKey(objectKey(parts)), parts);
});

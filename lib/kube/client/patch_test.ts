import { assertEquals } from "@std/assert";
import { conflictMeansBusy, jsonPointer, type Patch } from "./patch.ts";

for (
  const [patch, expected] of [
    [{ type: "merge", body: { spec: {} } }, true],
    [{ type: "merge", body: { metadata: { resourceVersion: "1" } } }, false],
    [{ type: "json", operations: [{ op: "remove", path: "/spec/a" }] }, true],
    [{ type: "json", operations: [{ op: "test", path: "/metadata/resourceVersion", value: "1" }] }, false],
    [{ type: "apply", body: {}, fieldManager: "m" }, false],
  ] satisfies [Patch, boolean][]
) {
  Deno.test(`conflictMeansBusy() is ${expected} for ${JSON.stringify(patch)}`, () => {
    assertEquals(conflictMeansBusy(patch), expected);
  });
}

Deno.test("jsonPointer() escapes what separates its parts", () => {
  assertEquals(jsonPointer("metadata", "annotations", "danm.k8s.io/~x"), "/metadata/annotations/danm.k8s.io~1~0x");
});

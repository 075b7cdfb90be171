/** The three ways to change part of an object. Source: Kubernetes API concepts, "Patches". */

/** One step of a JSON patch. Source: RFC 6902 §4. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

/**
 * - `merge`: RFC 7396; `null` removes a key;
 * - `json`: RFC 6902, all operations or none; a `test` that does not hold is answered with 422;
 * - `apply`: server-side apply in the name of `fieldManager`; makes the object when it does not exist.
 */
export type Patch =
  | { readonly type: "merge"; readonly body: object }
  | { readonly type: "json"; readonly operations: readonly JsonPatchOperation[] }
  | { readonly type: "apply"; readonly body: object; readonly fieldManager: string; readonly force?: boolean };

/** The body of a patch request and its media type. */
export function patchBody(patch: Patch): { readonly type: string; readonly value: unknown } {
  switch (patch.type) {
    case "merge":
      return { type: "application/merge-patch+json", value: patch.body };
    case "json":
      return { type: "application/json-patch+json", value: patch.operations };
    case "apply":
      return { type: "application/apply-patch+yaml", value: patch.body }; // JSON is YAML
  }
}

/**
 * Whether a 409 to this patch can only mean that the server was too busy to apply it. Not so when the patch names the
 * resourceVersion it expects, nor for `apply`, where 409 means that another manager owns a field.
 */
export function conflictMeansBusy(patch: Patch): boolean {
  switch (patch.type) {
    case "merge":
      return (patch.body as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion === undefined;
    case "json":
      return !patch.operations.some((operation) => operation.path === "/metadata/resourceVersion");
    case "apply":
      return false;
  }
}

/** The way to a value in a JSON patch. Source: RFC 6901 §3. */
export function jsonPointer(...keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

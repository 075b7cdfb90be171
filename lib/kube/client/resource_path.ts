/** Where objects live under the API server's URL. Source: Kubernetes API concepts, "Resource URIs". */

/** A kind of object as paths name it; `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** All objects of a type, in one namespace or (without one) in all of them. */
export interface CollectionRef extends ResourceType {
  readonly namespace?: string | undefined;
}

/** One object, or one of its subresources (`status`, `token`, `binding`). */
export interface ObjectRef extends CollectionRef {
  readonly name: string;
  readonly subresource?: string | undefined;
}

/**
 * The path of a collection or object, e.g. `/apis/danm.k8s.io/v1/namespaces/default/danmnets/a`.
 *
 * Names may come from users, so anything that would change the path's meaning is refused or escaped.
 *
 * @throws {TypeError} when a part is empty, `.`, `..` or no text at all (a lone surrogate)
 */
export function resourcePath(ref: CollectionRef | ObjectRef): string {
  const parts = ref.group === "" ? ["api"] : ["apis", ref.group];
  parts.push(ref.version);
  if (ref.namespace !== undefined) parts.push("namespaces", ref.namespace);
  parts.push(ref.plural);
  if ("name" in ref) {
    parts.push(ref.name);
    if (ref.subresource !== undefined) parts.push(ref.subresource);
  }
  return parts.map((part) => `/${escapePart(part, ref.plural)}`).join("");
}

function escapePart(part: string, plural: string): string {
  if (part === "" || part === "." || part === ".." || !part.isWellFormed()) {
    throw new TypeError(`Cannot address an object of ${plural}: name is ${JSON.stringify(part)}, must be a DNS name`);
  }
  return encodeURIComponent(part);
}

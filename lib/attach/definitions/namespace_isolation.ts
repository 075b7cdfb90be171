/** Whose definitions a Pod may select. */

/** What an administrator has decided. */
export interface NamespaceIsolation {
  /** Whether Pods select definitions of their own namespace only. */
  readonly namespaceIsolation: boolean;
  /** Namespaces whose definitions all Pods may select all the same. */
  readonly globalNamespaces: readonly string[];
}

/**
 * Why a Pod of the namespace `own` may not select a definition of `namespace`; undefined when it may.
 */
export function isolationObjection(
  { namespaceIsolation, globalNamespaces }: NamespaceIsolation,
  own: string,
  namespace: string,
): string | undefined {
  if (!namespaceIsolation || namespace === own || globalNamespaces.includes(namespace)) return undefined;
  return `namespace is "${namespace}", must be that of the Pod, "${own}", or one of globalNamespaces ` +
    `(${globalNamespaces.join(", ")}), as namespaceIsolation is on`;
}

/** Annotations that users write on Pods, Services and networks. */

/**
 * The prefixes an annotation is honoured under, whatever the API group; the first one wins when both are there and say
 * something.
 */
const PREFIXES = ["danm.k8s.io", "danm.io"] as const;

/** `interfaces` is for Pods, `policies` for networks, the others for Services. */
export type AnnotationName = "interfaces" | "policies" | "selector" | "network" | "tenantNetwork" | "clusterNetwork";

/** An annotation as found: the key is what an error message should name. */
export interface Annotation {
  readonly key: string;
  readonly value: string;
}

/** The annotation `name` of an object, under whichever prefix it was written; undefined when there is none. */
export function findAnnotation(
  annotations: Readonly<Record<string, string>> | undefined,
  name: AnnotationName,
): Annotation | undefined {
  const found = PREFIXES.map((prefix) => `${prefix}/${name}`).flatMap((key) => {
    const value = annotations?.[key];
    return value === undefined ? [] : [{ key, value }];
  });
  return found.find(({ value }) => value.trim() !== "") ?? found[0];
}

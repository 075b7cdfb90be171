/** Telling a type that the API server does not serve from a 404 that says nothing. */

import { isPlain404, KubeError, NOT_SERVED } from "./kube_error.ts";
import type { ResourceType } from "./resource_path.ts";

/** Reads the JSON that is at a path of the API server. */
export type ReadPath = (path: string) => Promise<unknown>;

/**
 * Gives a 404 that names nothing its meaning. The API server answers so for a type that it does not serve, but so does any
 * proxy for whatever it likes, with the very same page: so the API server is asked what it serves.
 *
 * Source: Kubernetes API concepts, "API discovery".
 *
 * @returns what to throw: an error that `isNotServed()` knows when the type is not served; when that is not proven, `error`
 * @throws when discovery fails, for another reason than being a 404 or forbidden itself
 */
export async function judgePlain404(error: unknown, type: ResourceType, read: ReadPath): Promise<unknown> {
  if (!isPlain404(error)) return error;
  if (await isServed(type, read) !== false) return error;
  const { group, version, plural } = type;
  const what = group === "" ? `${plural} of ${version}` : `${plural} of ${group}/${version}`;
  return new KubeError(error.request, error.status, NOT_SERVED, `the API server does not serve ${what}`);
}

/** Whether the API server serves `type`; undefined when it does not say so. */
async function isServed({ group, version, plural }: ResourceType, read: ReadPath): Promise<boolean | undefined> {
  const base = group === "" ? "/api" : `/apis/${encodeURIComponent(group)}`;
  const types = await readKind<{ resources?: readonly { name?: string }[] }>(
    `${base}/${version}`,
    "APIResourceList",
    read,
  );
  if (types !== undefined) return types.resources?.some(({ name }) => name === plural) ?? false;
  if (group === "") return undefined;
  const all = await readKind<{ groups?: readonly ApiGroupEntry[] }>("/apis", "APIGroupList", read);
  if (all === undefined) return undefined;
  const versions = all.groups?.find(({ name }) => name === group)?.versions ?? [];
  // Named there, but not described: it is on its way, or on its way out.
  return versions.some((entry) => entry.version === version) ? undefined : false;
}

interface ApiGroupEntry {
  readonly name?: string;
  readonly versions?: readonly { readonly version?: string }[];
}

/** The document of `kind` at `path`; undefined when something else is there, nothing, or nothing for us. */
async function readKind<T>(path: string, kind: string, read: ReadPath): Promise<T | undefined> {
  try {
    const document = await read(path);
    return (document as { kind?: unknown } | null)?.kind === kind ? document as T : undefined;
  } catch (error) {
    if (error instanceof KubeError && (error.status === 404 || error.status === 403)) return undefined;
    throw error;
  }
}

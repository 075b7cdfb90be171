import type { KubeClient } from "../../lib/kube/client/client.ts";
import type { Cluster } from "./cluster.ts";
import { eventually } from "./eventually.ts";

const CRDS = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };

/**
 * Applies files or folders of manifests, CRDs and their objects in any order, and waits until every CRD among them is
 * served. May be repeated.
 *
 * @throws {Error} with kubectl's complaint
 */
export async function applyManifests(cluster: Cluster, ...paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => `--filename=${path}`);
  const apply = () => cluster.kubectl("apply", "--recursive", "--output=name", ...files);
  const outcome = await eventually(
    `apply ${paths.join(", ")}`,
    () => apply().then((applied) => ({ applied }), (error) => isTooEarly(error) ? undefined : { error }),
    200,
  );
  if ("error" in outcome) throw outcome.error;
  const crds = outcome.applied.split("\n").flatMap((line) =>
    /^customresourcedefinition\.[^/]+\/(.+)$/.exec(line)?.[1] ?? []
  );
  using client = cluster.client();
  await Promise.all(crds.map((name) => eventually(`use CRD ${name}`, () => isServed(client, name))));
}

/** An object whose CRD came in the same call is refused until that is established: then another call takes it. */
function isTooEarly(error: Error): boolean {
  return /no matches for kind|could not find the requested resource/.test(error.message);
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Established is what the API says; that a list answers is what counts. */
async function isServed(client: KubeClient, name: string): Promise<true | undefined> {
  const signal = AbortSignal.timeout(10_000);
  const { spec, status } = await client.get<Crd>({ ...CRDS, name }, { signal });
  if (!status?.conditions?.some(({ type, status }) => type === "Established" && status === "True")) return undefined;
  for (const version of spec.versions.filter(({ served }) => served)) {
    await client.list({ group: spec.group, version: version.name, plural: spec.names.plural }, { signal, limit: 1 });
  }
  return true;
}

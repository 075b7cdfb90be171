/** Where in the API server each kind lives. */

/** The API groups DANM can be installed under: its own, and the drop-in one of later original releases. */
export const API_GROUPS = ["danm.k8s.io", "danm.io"] as const;
export type ApiGroup = typeof API_GROUPS[number];

/** The group when nothing is configured. */
export const DEFAULT_API_GROUP: ApiGroup = "danm.k8s.io";

/** The one served version. */
export const API_VERSION = "v1";

/** Whether `text` names an API group DANM can be installed under. */
export function isApiGroup(text: string): text is ApiGroup {
  return API_GROUPS.some((group) => group === text);
}

const KINDS = {
  DanmNet: { plural: "danmnets", namespaced: true },
  TenantNetwork: { plural: "tenantnetworks", namespaced: true },
  ClusterNetwork: { plural: "clusternetworks", namespaced: false },
  DanmEp: { plural: "danmeps", namespaced: true },
  TenantConfig: { plural: "tenantconfigs", namespaced: false },
  AddressBlock: { plural: "addressblocks", namespaced: false },
} as const;

/** A kind that DANM defines. */
export type Kind = keyof typeof KINDS;

/** What a client needs to build the path of a kind: `/apis/<group>/<version>[/namespaces/<namespace>]/<plural>`. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The resource of `kind` when DANM is installed under `group`. */
export function resourceFor(kind: Kind, group: ApiGroup): Resource {
  return { group, version: API_VERSION, ...KINDS[kind] };
}

/** The `apiVersion` of every object of `group`. */
export function apiVersionOf(group: ApiGroup): string {
  return `${group}/${API_VERSION}`;
}

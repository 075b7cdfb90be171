/** The text of every file that is made from lib. */

import { stringify } from "@std/yaml";
import { customResourceDefinition } from "../lib/api/crd.ts";
import { jsonSchema } from "../lib/api/json_schema.ts";
import { API_GROUPS, type ApiGroup, type Kind } from "../lib/api/resource.ts";
import { registrations } from "../lib/webhook/registration.ts";

/** What each install set consists of; both may be installed together. */
export const INSTALL_SETS = {
  lightweight: ["DanmNet", "DanmEp", "AddressBlock"],
  production: ["TenantNetwork", "ClusterNetwork", "TenantConfig", "DanmEp", "AddressBlock"],
} as const satisfies Record<string, readonly Kind[]>;

/** What users write, and so want a schema of in their editor. */
const USER_KINDS = ["DanmNet", "TenantNetwork", "ClusterNetwork", "TenantConfig"] as const satisfies readonly Kind[];

const HEADER = "# Made by `deno task manifests` from lib/api; change it there.\n";

const REGISTRATION_HEADER = "# Made by `deno task manifests` from lib/webhook/registration.ts; change it there.\n" +
  "# Whom to trust is missing here, so everything is refused until a replica has written it.\n";

/** Where the webhook's configurations of each group are, below manifests/. */
const REGISTRATION_FILES: Readonly<Record<ApiGroup, string>> = {
  "danm.k8s.io": "webhook/registration.yaml",
  "danm.io": "danm.io/registration.yaml",
};

/** The CustomResourceDefinitions of `group`: file name, relative to the folder of the sets, to text. */
export function renderCrds(group: ApiGroup): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [set, kinds] of Object.entries(INSTALL_SETS)) {
    for (const kind of kinds) files.set(`${set}/${kind}.yaml`, HEADER + toYaml(customResourceDefinition(kind, group)));
  }
  return files;
}

/** The JSON Schemas of what users write under `group`: file name to text. */
export function renderSchemas(group: ApiGroup): ReadonlyMap<string, string> {
  const toText = (kind: Kind) => JSON.stringify(jsonSchema(kind, group), null, 2) + "\n";
  return new Map(USER_KINDS.map((kind) => [`${kind}.schema.json`, toText(kind)]));
}

/** The webhook's configurations as they are shipped, of both groups: file name below manifests/ to text. */
export function renderRegistrations(): ReadonlyMap<string, string> {
  const service = { namespace: "kube-system", name: "danm-webhook" };
  return new Map(API_GROUPS.map((group) => {
    const objects = registrations(service, group, undefined);
    return [REGISTRATION_FILES[group], REGISTRATION_HEADER + objects.map((object) => toYaml(object)).join("---\n")];
  }));
}

function toYaml(value: object): string {
  return stringify(value as Record<string, unknown>, { lineWidth: -1, compatMode: false, useAnchors: false });
}

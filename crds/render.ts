/** The text of every file that is made from the schemas of lib/api. */

import { stringify } from "@std/yaml";
import { customResourceDefinition } from "../lib/api/crd.ts";
import { jsonSchema } from "../lib/api/json_schema.ts";
import type { ApiGroup, Kind } from "../lib/api/resource.ts";

/** What each install set consists of; both may be installed together. */
export const INSTALL_SETS = {
  lightweight: ["DanmNet", "DanmEp", "AddressBlock"],
  production: ["TenantNetwork", "ClusterNetwork", "TenantConfig", "DanmEp", "AddressBlock"],
} as const satisfies Record<string, readonly Kind[]>;

/** What users write, and so want a schema of in their editor. */
const USER_KINDS = ["DanmNet", "TenantNetwork", "ClusterNetwork", "TenantConfig"] as const satisfies readonly Kind[];

const HEADER = "# Made by `deno task manifests` from lib/api; change it there.\n";

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

function toYaml(value: object): string {
  return stringify(value as Record<string, unknown>, { lineWidth: -1, compatMode: false, useAnchors: false });
}

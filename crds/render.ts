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
  return new Map(
    Object.entries(INSTALL_SETS).flatMap(([set, kinds]) =>
      kinds.map((
        kind,
      ): [string, string] => [`${set}/${kind}.yaml`, HEADER + toYaml(customResourceDefinition(kind, group))])
    ),
  );
}

/** The JSON Schemas of what users write under `group`: file name to text. */
export function renderSchemas(group: ApiGroup): ReadonlyMap<string, string> {
  return new Map(
    USER_KINDS.map((kind): [string, string] => [
      `${kind}.schema.json`,
      JSON.stringify(jsonSchema(kind, group), null, 2) + "\n",
    ]),
  );
}

function toYaml(value: object): string {
  return stringify(value as Record<string, unknown>, { lineWidth: -1, compatMode: false, useAnchors: false });
}

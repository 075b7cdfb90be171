/** What of an object its schema refuses. The schema is the one that the CRDs are made of. */

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { jsonSchema } from "../api/json_schema.ts";
import type { ApiGroup, Kind } from "../api/resource.ts";
import type { Objection } from "./rule.ts";

/** Kinds that users write. */
export type UserKind = Exclude<Kind, "DanmEp" | "AddressBlock">;

/** Tells what the schema of a kind objects to; undefined when it does not. */
export type SchemaCheck = (kind: UserKind, object: unknown) => Objection | undefined;

/** Prepares the schemas of all kinds of `group`. */
export function schemaCheck(group: ApiGroup): SchemaCheck {
  const ajv = new Ajv({ strict: true, verbose: true });
  const compile = (kind: UserKind) => ajv.compile(jsonSchema(kind, group));
  const checks: Readonly<Record<UserKind, ValidateFunction>> = {
    DanmNet: compile("DanmNet"),
    TenantNetwork: compile("TenantNetwork"),
    ClusterNetwork: compile("ClusterNetwork"),
    TenantConfig: compile("TenantConfig"),
  };
  return (kind, object) => {
    const check = checks[kind];
    const [error] = check(withoutNulls(object)) ? [] : check.errors ?? [];
    return error && toObjection(error);
  };
}

/** What the API server does to fields that are null before it validates. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

function toObjection({ instancePath, keyword, params, message, data }: ErrorObject): Objection {
  const path = instancePath.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (keyword === "required") {
    return { field: fieldPath([...path, String(params.missingProperty)]), value: undefined, must: "be set" };
  }
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    const value = (data as Readonly<Record<string, unknown>>)[name];
    return { field: fieldPath([...path, name]), value, must: "be absent: there is no such field" };
  }
  const allowed = keyword === "enum" ? `be one of ${(params.allowedValues as string[]).join(", ")}` : undefined;
  return { field: fieldPath(path), value: data, must: allowed ?? (message ?? "be valid").replace(/^must /, "") };
}

function fieldPath(parts: readonly string[]): string {
  return parts.join(".").replace(/\.([0-9]+)(?=\.|$)/g, "[$1]") || "object";
}

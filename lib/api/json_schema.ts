/** JSON Schemas of the objects users write: for editors, and for the webhook's own check. Source: JSON Schema draft 7. */

import { objectSchema } from "./crd.ts";
import { type ApiGroup, apiVersionOf, type Kind } from "./resource.ts";

/** A JSON value that is an object. */
type JsonObject = { readonly [key: string]: unknown };

/**
 * The JSON Schema of `kind`: what of its schema JSON Schema can say. CEL rules are left out; unknown fields, which the
 * API server would prune with a warning, are refused.
 */
export function jsonSchema(kind: Kind, group: ApiGroup): JsonObject {
  const { properties, ...schema } = toJsonSchema(objectSchema(kind)) as JsonObject & { properties: JsonObject };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: kind,
    ...schema,
    required: ["apiVersion", "kind", "metadata", ...(schema.required as readonly string[] | undefined ?? [])],
    properties: {
      ...properties,
      apiVersion: { const: apiVersionOf(group) },
      kind: { const: kind },
      metadata: { type: "object" },
    },
  };
}

function toJsonSchema(schema: object): JsonObject {
  const entries = Object.entries(schema)
    .filter(([keyword]) => !keyword.startsWith("x-kubernetes-") && keyword !== "format")
    .map(([keyword, value]) => [keyword, convert(keyword, value)]);
  return { ...Object.fromEntries(entries), ...("properties" in schema && { additionalProperties: false }) };
}

function convert(keyword: string, value: unknown): unknown {
  if (keyword === "properties") {
    return Object.fromEntries(
      Object.entries(value as Record<string, object>).map(([name, field]) => [name, toJsonSchema(field)]),
    );
  }
  return keyword === "items" || keyword === "additionalProperties" ? toJsonSchema(value as object) : value;
}

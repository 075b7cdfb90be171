/**
 * The dialect all API objects are described in, and how a description becomes a TypeScript type. One description gives
 * the type, the CustomResourceDefinition and the JSON Schema, so the three cannot disagree.
 *
 * Source: Kubernetes "structural schemas" (OpenAPI v3) with `x-kubernetes-validations` (CEL).
 */

/** A CEL rule of the API server, with a static message or an expression that names the value. */
export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  /** The field to blame when it is not the one that carries the rule, e.g. `.allocation_pool.start`. */
  readonly fieldPath?: string;
  /** Whether `oldSelf` is an optional value, empty when the object is made, instead of a reason to skip the rule then. */
  readonly optionalOldSelf?: boolean;
}

interface Common {
  readonly description?: string;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** Text; `maxLength` in characters, also what bounds the cost of CEL rules on it. */
export interface StringSchema extends Common {
  readonly type: "string";
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: "date-time";
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string;
}

/** A whole number between `minimum` and `maximum`, both included. */
export interface IntegerSchema extends Common {
  readonly type: "integer";
  readonly format?: "int64";
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A list; server-side apply replaces an atomic one as a whole. */
export interface ArraySchema extends Common {
  readonly type: "array";
  readonly items: Schema;
  readonly maxItems?: number;
  readonly "x-kubernetes-list-type"?: "atomic";
}

/** An object with known fields. */
export interface ObjectSchema extends Common {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** An object of free keys with values of one kind. */
export interface MapSchema extends Common {
  readonly type: "object";
  readonly additionalProperties: Schema;
  readonly maxProperties?: number;
}

export type Schema = StringSchema | IntegerSchema | ArraySchema | ObjectSchema | MapSchema;

type RequiredKeys<S> = S extends { readonly required: readonly (infer Key)[] } ? Key : never;

/** The TypeScript type of the values that a schema (declared `as const`) describes. */
export type FromSchema<S> = S extends { readonly type: "string"; readonly enum: readonly (infer Value)[] } ? Value
  : S extends { readonly type: "string" } ? string
  : S extends { readonly type: "integer" } ? number
  : S extends { readonly type: "array"; readonly items: infer Items } ? readonly FromSchema<Items>[]
  : S extends { readonly additionalProperties: infer Values } ? Readonly<Record<string, FromSchema<Values>>>
  : S extends { readonly properties: infer Properties } ?
      & { readonly [Key in keyof Properties as Key extends RequiredKeys<S> ? Key : never]: FromSchema<Properties[Key]> }
      & {
        readonly [Key in keyof Properties as Key extends RequiredKeys<S> ? never : Key]?: FromSchema<Properties[Key]>;
      }
  : never;

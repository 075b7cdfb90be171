import { assertEquals } from "@std/assert";
import type { FromSchema, Schema } from "./schema.ts";

const schema = {
  type: "object",
  required: ["name", "kind"],
  properties: {
    name: { type: "string" },
    kind: { type: "string", enum: ["a", "b"] },
    size: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
    owners: { type: "object", additionalProperties: { type: "string" } },
  },
} as const satisfies Schema;

type Value = FromSchema<typeof schema>;
type Exactly<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type Flat<T> = { [Key in keyof T]: T[Key] };

Deno.test("FromSchema gives enums, optional fields, lists and maps their exact types", () => {
  const exact: Exactly<Flat<Value>, {
    readonly name: string;
    readonly kind: "a" | "b";
    readonly size?: number;
    readonly tags?: readonly string[];
    readonly owners?: Readonly<Record<string, string>>;
  }> = true;
  assertEquals(exact, true);
});

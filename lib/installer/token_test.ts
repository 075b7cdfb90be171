import { assertEquals } from "@std/assert";
import { renewalTime } from "./token.ts";

function token(claims: unknown): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${part({ alg: "RS256" })}.${part(claims)}.signature`;
}

Deno.test("renewalTime() is when a third of a token's time has passed", () => {
  assertEquals(renewalTime(token({ iat: 1000, exp: 1900 })), 1_300_000);
  assertEquals(renewalTime(token({ iat: 1000, exp: 1900, aud: ["??>>~~"] })), 1_300_000);
});

Deno.test("renewalTime() knows nothing of what is no token", () => {
  for (const text of ["", "secret", "a.b.c", "a.%.c", token(1), token({ exp: 1 }), token({ iat: "1", exp: 2 })]) {
    assertEquals(renewalTime(text), undefined, text);
  }
});

import { assertEquals } from "@std/assert";
import { renewalTime } from "./token.ts";
import { createTokenSource } from "./token_source.ts";

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

Deno.test("createTokenSource() keeps what works, and replaces what is old or in doubt, not too often", async () => {
  let time = 0;
  let inUse: string | undefined;
  let requests = 0;
  const issue = (seconds: number) => {
    requests++;
    return Promise.resolve(token({ iat: time / 1000, exp: time / 1000 + seconds, requests }));
  };
  const source = createTokenSource(() => Promise.resolve(inUse), issue, () => time);
  const get = () => source.get(900, new AbortController().signal);
  /** Gets a token and works with it. */
  const use = async () => {
    inUse = await get();
    source.proved();
    return requests;
  };
  assertEquals([await use(), await use()], [1, 1]);
  time = 299_000;
  assertEquals(await use(), 1);
  time = 300_000;
  assertEquals(await use(), 2); // a third of its time has passed
  assertEquals([await get(), requests], [inUse, 2]); // which does not work
  const second = await get();
  assertEquals([second === inUse, await get() === second, requests], [false, true, 3]);
  time += 60_000;
  assertEquals([await get() === second, requests], [false, 4]); // nor does that, for a minute
  assertEquals([await use(), await use()], [4, 4]);
});

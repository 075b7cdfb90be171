import { assertEquals } from "@std/assert";
import { createTurns } from "./turns.ts";

Deno.test("createTurns() gives each thing a moment of its own, and forgets what somebody else did", () => {
  let now = 1000;
  const randoms = [0.5, 0.1, 0.9];
  const turns = createTurns(100, { now: () => now }, () => randoms.shift()!);
  const say = (...keys: readonly string[]) => {
    const { due, nextInMs } = turns(keys);
    return [[...due], nextInMs];
  };
  assertEquals(say("a", "b"), [[], 10]);
  now = 1010;
  assertEquals(say("a", "b"), [["b"], 40]);
  now = 1050;
  assertEquals(say("a"), [["a"], undefined]);
  assertEquals(say(), [[], undefined]);
  assertEquals(say("a"), [[], 90], "it comes anew");
});

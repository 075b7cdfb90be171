import { assertEquals, assertThrows } from "@std/assert";
import { createBearerSource } from "./bearer_source.ts";

function rotating() {
  const world = { file: "first\n", reads: 0, nowMs: 0 };
  const read = () => (world.reads++, world.file);
  return { world, source: createBearerSource({ tokenFile: "/t" }, read, () => world.nowMs) };
}

Deno.test("createBearerSource() reads a token file once a minute", () => {
  const { world, source } = rotating();
  assertEquals([source.current(), source.current(), world.reads], ["first", "first", 1]);
  world.file = "second";
  world.nowMs = 59_999;
  assertEquals(source.current(), "first");
  world.nowMs = 60_000;
  assertEquals(source.current(), "second");
});

Deno.test("createBearerSource() tells whether a refresh brought another token", () => {
  const { world, source } = rotating();
  source.current();
  assertEquals(source.refresh(), false);
  world.file = "second";
  assertEquals([source.refresh(), source.current()], [true, "second"]);
});

Deno.test("createBearerSource() keeps a fixed token, or none", () => {
  const never = () => {
    throw new Error("nothing is to be read");
  };
  assertEquals(createBearerSource({ token: "fixed" }, never, Date.now).current(), "fixed");
  assertEquals(createBearerSource(undefined, never, Date.now).current(), undefined);
  assertEquals(createBearerSource({ token: "fixed" }, never, Date.now).refresh(), false);
});

Deno.test("createBearerSource() refuses a file that holds no token, without showing what it holds", () => {
  const source = createBearerSource({ tokenFile: "/t" }, () => "two hush", Date.now);
  const error = assertThrows(() => source.current(), Error, "Cannot use token file /t");
  assertEquals(error.message.includes("hush"), false);
});

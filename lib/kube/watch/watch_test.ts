import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { isGone, KubeError } from "../client/kube_error.ts";
import { readWatchEvents } from "./watch.ts";

const { signal } = new AbortController();

function stream(text: string, cuts: readonly number[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ReadableStream.from(ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end)));
}

Deno.test("readWatchEvents() gives the same events however the network cuts them", async () => {
  const event = fc.record({
    type: fc.constantFrom("ADDED" as const, "MODIFIED" as const, "DELETED" as const, "BOOKMARK" as const),
    object: fc.record({ metadata: fc.record({ name: fc.string({ unit: "grapheme" }) }) }),
  });
  await fc.assert(fc.asyncProperty(fc.array(event), fc.array(fc.nat(), { maxLength: 8 }), async (events, cuts) => {
    const text = events.map((each) => `${JSON.stringify(each)}\n`).join("");
    assertEquals(await Array.fromAsync(readWatchEvents(stream(text, cuts), "WATCH /x", signal)), events);
  }));
});

for (const line of ["<html>", "{}", '{"type":"ADDED"}', '{"type":"ADDED","object":{}}', "null"]) {
  Deno.test(`readWatchEvents() takes ${line} for no event`, async () => {
    const events = readWatchEvents(stream(`${line}\n`, []), "WATCH /x", signal);
    await assertRejects(() => Array.fromAsync(events), SyntaxError);
  });
}

Deno.test("readWatchEvents() throws what the server reports", async () => {
  const status = { code: 410, reason: "Expired", message: "too old resource version" };
  const text = `${JSON.stringify({ type: "ERROR", object: status })}\n`;
  const error = await assertRejects(
    () => Array.fromAsync(readWatchEvents(stream(text, []), "WATCH /x", signal)),
    KubeError,
  );
  assertEquals([isGone(error), error.message], [true, "Cannot WATCH /x: too old resource version (410 Expired)"]);
});

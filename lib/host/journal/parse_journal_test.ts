import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseJournal } from "./parse_journal.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("parseJournal() finds all complete entries wherever the file was torn off", () => {
  const entry = fc.record({ type: fc.string(), text: fc.string({ unit: "grapheme" }) });
  fc.assert(fc.property(fc.array(entry), fc.nat(), (entries, cut) => {
    const lines = entries.map((entry) => encode(JSON.stringify(entry) + "\n"));
    const bytes = new Uint8Array(lines.flatMap((line) => [...line]));
    const torn = bytes.subarray(0, cut % (bytes.length + 1));
    const ends = lines.map((_, index) => lines.slice(0, index + 1).reduce((sum, line) => sum + line.length, 0));
    const whole = ends.filter((end) => end <= torn.length);
    assertEquals(parseJournal(torn), {
      entries: entries.slice(0, whole.length),
      end: whole.at(-1) ?? 0,
      damagedLines: 0,
    });
  }));
});

Deno.test("parseJournal() passes over lines that are no entry, and counts them", () => {
  const text = '{"type":"a"}\n\0\0\0\n[]\nnull\n7\n{"type":1}\n{}\n\n{"type":"b"}\n';
  assertEquals(parseJournal(encode(text)), {
    entries: [{ type: "a" }, { type: "b" }],
    end: text.length,
    damagedLines: 7,
  });
});

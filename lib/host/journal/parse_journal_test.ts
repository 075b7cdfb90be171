import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatEntry, formatHeader, JOURNAL_VERSION, parseJournal } from "./parse_journal.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const entry = fc.record({ type: fc.constantFrom("claim", "begin"), text: fc.string({ unit: "grapheme" }) });
const entries = fc.array(entry);

Deno.test("parseJournal() finds all complete entries wherever the file was torn off", () => {
  fc.assert(fc.property(entries, fc.nat(), (entries, cut) => {
    const lines = [formatHeader(), ...entries.map((entry) => formatEntry(entry))].map(encode);
    const bytes = new Uint8Array(lines.flatMap((line) => [...line]));
    const torn = bytes.subarray(0, cut % (bytes.length + 1));
    const ends = lines.map((_, index) => lines.slice(0, index + 1).reduce((sum, line) => sum + line.length, 0));
    const whole = ends.filter((end) => end <= torn.length);
    assertEquals(parseJournal(torn), {
      version: whole.length > 0 ? JOURNAL_VERSION : undefined,
      isSealed: whole.length > 0,
      entries: entries.slice(0, Math.max(0, whole.length - 1)),
      end: whole.at(-1) ?? 0,
      damagedLines: 0,
    });
  }));
});

Deno.test("parseJournal() reads every line but the damaged ones, and never takes a damaged one for another entry", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 4 }), damage, (entries, damage) => {
      const lines = [formatHeader(), ...entries.map((entry) => formatEntry(entry))];
      const bytes = encode(lines.join(""));
      const damaged = bytes.slice();
      for (const [place, bits] of damage) damaged[place % bytes.length]! ^= bits;
      if (damaged.every((byte, place) => byte === bytes[place])) return;
      const touched = lines.filter((line, index) => {
        const start = encode(lines.slice(0, index).join("")).length;
        const end = start + encode(line).length;
        return damaged.subarray(start, end).some((byte, place) => byte !== bytes[start + place]);
      });
      const read = parseJournal(damaged);
      const before = entries.map((entry) => JSON.stringify(entry));
      const after = read.entries.map((entry) => JSON.stringify(entry));
      for (const entry of after) assert(before.includes(entry), `${entry} was never written`);
      // A line end that is damaged takes the next line with it.
      assert(after.length >= entries.length - 2 * touched.length);
      assert([undefined, JOURNAL_VERSION].includes(read.version));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseJournal() passes over lines that are no entry, and counts them", () => {
  const text = '{"type":"a"}\n\0\0\0\n[]\nnull\n7\n{"type":1}\n{}\n\n{"type":"b"}\n';
  assertEquals(parseJournal(encode(text)), {
    version: undefined,
    isSealed: false,
    entries: [{ type: "a" }, { type: "b" }],
    end: text.length,
    damagedLines: 7,
  });
});

Deno.test("formatEntry() and formatHeader() write what later versions must be able to read", () => {
  assertEquals(formatHeader(), '{"type":"journal","version":2,"sum":"ad7493d6"}\n');
  assertEquals(formatEntry({ type: "complete" }), '{"type":"complete","sum":"8d4677fd"}\n');
});

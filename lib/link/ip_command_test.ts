import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { toBatches } from "./ip_command.ts";

Deno.test("toBatches() keeps commands of one family together, in order", () => {
  const batches = toBatches([
    ["link", "set", "dev", "a", "up"],
    ["rule", "add", "from", "10.0.0.1/32"],
    ["-6", "rule", "add", "from", "fd00::1/128"],
    ["-6", "rule", "add", "from", "fd00::2/128"],
    ["addr", "add", "fd00::1/64", "dev", "a"],
  ]);
  assertEquals(batches.map(({ first, family, input }) => ({ first, family, input })), [
    { first: 0, family: "", input: "link set dev a up\nrule add from 10.0.0.1/32\n" },
    { first: 2, family: "-6", input: "rule add from fd00::1/128\nrule add from fd00::2/128\n" },
    { first: 4, family: "", input: "addr add fd00::1/64 dev a\n" },
  ]);
});

Deno.test("toBatches() makes nothing of nothing", () => assertEquals(toBatches([]), []));

Deno.test("toBatches() takes any word of harmless characters as it is", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_.:/@%+=,]+$/);
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), (words) => {
    assertEquals(toBatches([words])[0]?.input, words.join(" ") + "\n");
  }));
});

Deno.test("toBatches() writes one line for every command, whatever the words, or refuses them", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }), (words) => {
    let batches;
    try {
      batches = toBatches([words]);
    } catch {
      return;
    }
    assertEquals(batches.map(({ input }) => input.split("\n").length), [2]);
  }));
});

for (const word of ["", " ", "a b", "a\nlink", "a\tb", "#", "a#b", '"a"', "'a'", "a\\", "ä", "a;b", "$(id)"]) {
  Deno.test(`toBatches() refuses the word ${JSON.stringify(word)}`, () => {
    assertThrows(() => toBatches([["link", "set", "dev", word, "up"]]), TypeError, JSON.stringify(word));
  });
}

Deno.test("toBatches() refuses a command without words", () => {
  assertThrows(() => toBatches([[]]), TypeError);
  assertThrows(() => toBatches([["-6"]]), TypeError);
});

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Endpoint } from "../api/endpoint_slice.ts";
import { MAX_ENDPOINTS, packEndpoints } from "./endpoint_slice_packing.ts";

const endpoint = (number: number, ready = true): Endpoint => ({
  addresses: [`10.0.${number >> 8}.${number & 255}`],
  conditions: { ready },
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => endpoint(from + index));
const slice = (name: string, endpoints: readonly Endpoint[]) => ({ slice: name, endpoints });

/** Which slices hold other endpoints than before, and how many each holds. */
function outcome(wanted: readonly Endpoint[], ...slices: ReturnType<typeof slice>[]): Record<string, number> {
  const packed = packEndpoints(wanted, slices);
  const changed = packed.filter(({ slice, endpoints }) => {
    const before = slices.find((each) => each.slice === slice)?.endpoints ?? [];
    return before.length !== endpoints.length || endpoints.some((each, index) => each !== before[index]);
  });
  return Object.fromEntries(changed.map(({ slice, endpoints }, index) => [slice ?? `new ${index}`, endpoints.length]));
}

Deno.test("packEndpoints() changes as few slices as possible", () => {
  const full = slice("full", range(0, 100));
  const half = slice("half", range(100, 150));
  const few = slice("few", range(150, 160));
  const all = range(0, 160);
  assertEquals(outcome(all, full, half, few), {}, "nothing is new");
  assertEquals(outcome([...all, endpoint(500)], full, half, few), { half: 51 }, "the fullest that has room");
  assertEquals(outcome([...all, endpoint(500)], few, full, half), { half: 51 }, "the fullest, wherever it stands");
  const losers = [slice("few", range(150, 160)), slice("half", range(100, 150))];
  assertEquals(
    outcome([...range(101, 150), ...range(151, 160), endpoint(500)], ...losers),
    { few: 9, half: 50 },
    "the fullest of those that change",
  );
  assertEquals(outcome([...all, ...range(500, 560)], full, half, few), { few: 70 }, "all into one");
  assertEquals(outcome([...all, ...range(500, 595)], full, half, few), { "new 0": 95 }, "room in none");
  assertEquals(outcome(all.slice(1), full, half, few), { full: 99 }, "one less");
  assertEquals(outcome([...all.slice(1), endpoint(500)], full, half, few), { full: 100 }, "one replaced");
  assertEquals(outcome(range(0, 150), full, half, few), { few: 0 }, "an empty one");
  assertEquals(outcome([...range(0, 150), endpoint(500)], full, half, few), { few: 1 }, "an empty one is filled");
  assertEquals(outcome([endpoint(0, false), ...all.slice(1)], full, half, few), { full: 100 }, "one not ready");
  assertEquals(
    outcome(range(0, 51), slice("half", range(0, 50)), slice("empty", [])),
    { empty: 1 },
    "one that would go",
  );
  assertEquals(outcome(range(0, 130), slice("much", range(0, 130))), { much: 100, "new 1": 30 }, "one too full");
  assertEquals(outcome(range(0, 250)), { "new 0": 100, "new 1": 100, "new 2": 50 }, "from nothing");
});

Deno.test("packEndpoints() notices another zone and other hints", () => {
  const hinted = { ...endpoint(1), zone: "z", hints: { forZones: [{ name: "z" }] } };
  const others = [
    endpoint(1),
    { ...hinted, zone: "y" },
    { ...hinted, hints: { forZones: [{ name: "y" }] } },
    { ...hinted, hints: { ...hinted.hints, forNodes: [{ name: "n" }] } },
  ];
  const packed = (wanted: Endpoint) => packEndpoints([wanted], [slice("a", [hinted])])[0]?.endpoints[0];
  assertEquals(packed({ ...hinted, hints: { forZones: [{ name: "z" }] } }) === hinted, true);
  for (const other of others) assertEquals(packed(other), other);
});

const numbers = fc.uniqueArray(fc.nat(700), { maxLength: 400 });
/** Slices as anybody may have left them: too full, empty, with endpoints twice. */
const anySlices = fc.array(fc.array(fc.nat(700), { maxLength: 130 }), { maxLength: 6 });

Deno.test("packEndpoints() holds each wanted endpoint once, in no slice too many, and is content with its own work", () => {
  fc.assert(fc.property(numbers, anySlices, (wanted, before) => {
    const endpoints = wanted.map((number) => endpoint(number));
    const slices = before.map((numbers, index) => slice(`s${index}`, numbers.map((number) => endpoint(number, false))));
    const packed = packEndpoints(endpoints, slices);
    const held = packed.flatMap(({ endpoints }) => endpoints.map((each) => JSON.stringify(each)));
    assertEquals(held.sort(), endpoints.map((each) => JSON.stringify(each)).sort());
    assertEquals(packed.every(({ endpoints }) => endpoints.length <= MAX_ENDPOINTS), true);

    const after = packed.map(({ endpoints }, index) => slice(`t${index}`, endpoints));
    assertEquals(
      packEndpoints(endpoints, after).map(({ endpoints }) => endpoints),
      after.map((each) => each.endpoints),
    );
  }));
});

Deno.test("packEndpoints() changes one slice when one endpoint changes", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), fc.nat(2), (count, seed, what) => {
    const before = packEndpoints(range(0, count), []).map(({ endpoints }, index) => slice(`s${index}`, endpoints));
    const which = seed % count;
    const others = range(0, count).filter((_, index) => index !== which);
    const wanted = [others, [...others, endpoint(which, false)], [...others, endpoint(600)]][what]!;
    assertEquals(Object.keys(outcome(wanted, ...before)).length, 1);
  }));
});

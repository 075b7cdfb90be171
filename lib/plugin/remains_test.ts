import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DanmEp } from "../api/danm_ep.ts";
import { formatEntry, formatHeader, parseJournal } from "../host/journal/parse_journal.ts";
import type { AttachmentEntry } from "./attachment_entry.ts";
import { remainsOf } from "./remains.ts";

const ATTACHMENT = "0123456789abcdef";
const owner = (index: number) => `uid/c1/${index}.${ATTACHMENT}`;
const pod = { namespace: "default", name: "web-0", uid: "uid" };
const place = { netns: "/run/netns/c1", netnsId: "4:7", args: [], pod, host: "node-1" };
const NAMES = ["net1", "data1", "eth2"];

/** What ADD writes for three interfaces of delegates. */
const JOURNAL: readonly AttachmentEntry[] = [
  {
    type: "begin",
    ...place,
    interfaces: NAMES.map((name, index) => ({
      index,
      name,
      type: "bridge",
      network: { kind: "DanmNet", name: "a", namespace: "default", uid: "n" },
      endpoint: `web-0-${index}`,
    })),
  },
  { type: "place", ...place },
  ...NAMES.flatMap((name, index): AttachmentEntry[] => [
    { type: "claim", index, claim: { block: "b", offset: index, address: `10.1.0.${index}`, owner: owner(index) } },
    {
      type: "delegates",
      index,
      name,
      configs: [{ cniVersion: "1.0.0", name: "a", type: "bridge" }],
      disableCheck: false,
    },
    {
      type: "delegated",
      index,
      result: { interfaces: [{ name, sandbox: place.netns }], ips: [], routes: [], dns: {} },
    },
  ]),
  { type: "setups", setups: NAMES.map((name) => ({ name, addresses: [], routes: [], rules: [] })) },
  { type: "complete" },
];

function endpoint(index: number): DanmEp {
  return {
    metadata: { name: `web-0-${index}`, namespace: "default" },
    spec: { EndpointID: owner(index), NetworkType: "bridge", Interface: { Name: NAMES[index]! } },
  } as DanmEp;
}

const bytes = new TextEncoder().encode([formatHeader(), ...JOURNAL.map((entry) => formatEntry(entry))].join(""));

/** By index: names, offsets of claims, and whether there are delegates to ask. */
function summary(entries: readonly AttachmentEntry[], endpoints: readonly DanmEp[]) {
  return remainsOf(entries, endpoints, "net1").map(({ index, name, claims, delegates, endpoint }) => ({
    index,
    name,
    claims: claims.map(({ offset }) => offset),
    isDelegated: delegates !== undefined,
    isOnRecord: endpoint !== undefined,
  }));
}

Deno.test("remainsOf() has every claim and delegate that can be read, under its name, whatever byte is damaged", () => {
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const damaged = bytes.slice();
      damaged[at]! ^= bits;
      const { entries } = parseJournal<AttachmentEntry>(damaged);
      const found = summary(entries, []);
      for (const entry of entries) {
        if (entry.type !== "claim" && entry.type !== "delegates") continue;
        const own = found.find(({ index }) => index === entry.index)!;
        assertEquals(
          entry.type === "claim" ? own.claims : own.isDelegated,
          entry.type === "claim" ? [entry.index] : true,
        );
      }
      assertEquals(found.map(({ name }) => name), NAMES);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("remainsOf() fills in from DanmEps what a journal has lost, each once", () => {
  const all = NAMES.map((_, index) => endpoint(index));
  const whole = { claims: [] as number[], isDelegated: false, isOnRecord: true };
  assertEquals(summary([], all), NAMES.map((name, index) => ({ index, name, ...whole })));
  assertEquals(
    summary(JOURNAL.filter(({ type }) => type === "claim"), all),
    NAMES.map((name, index) => ({ index, name, ...whole, claims: [index] })),
  );
  assertEquals(
    summary(JOURNAL, all.slice(1)).map(({ index, isOnRecord }) => [index, isOnRecord]),
    [[0, false], [1, true], [2, true]],
  );
});

Deno.test("remainsOf() keeps a DanmEp that does not say which interface it is, and two that say the same", () => {
  const unknown = { ...endpoint(0), spec: { ...endpoint(0).spec, EndpointID: "e" } };
  assertEquals(summary([], [unknown]).map(({ index, name }) => [index, name]), [[undefined, "net1"]]);
  assertEquals(summary([], [endpoint(1), endpoint(1)]).map(({ index }) => index), [1, undefined]);
});

Deno.test("remainsOf() names the interfaces of a journal in the first format as well as it can", () => {
  const old = JOURNAL.filter(({ type }) => type !== "begin" && type !== "place")
    .map((entry) => entry.type === "delegates" ? { ...entry, name: undefined } : entry) as AttachmentEntry[];
  const names = (...lost: string[]) =>
    summary(old.filter(({ type }) => !lost.includes(type)), []).map(({ name }) => name);
  assertEquals(names(), NAMES);
  assertEquals(names("setups"), NAMES);
  assertEquals(names("setups", "delegated"), ["net1", "eth1", "eth2"]);
});

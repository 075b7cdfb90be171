import { assertEquals } from "@std/assert";
import type { Network, NetworkOptions } from "../api/network.ts";
import { importMark, isImported } from "./import_mark.ts";

const KEY = "danm.k8s.io/imported";

function network(Options: NetworkOptions, mark?: string): Network {
  const annotations = mark === undefined ? {} : { annotations: { [KEY]: mark } };
  return { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata: { name: "a", ...annotations }, spec: { Options } };
}

const AT = new Date("2026-01-02T03:04:05Z");
const BEFORE = network({ alloc: "gAAAAQ==", alloc6: "wAAA" });
const MARK = importMark(BEFORE, AT);

Deno.test("isImported() sees the mark of the very bitmaps there were", () => {
  assertEquals(isImported(network({}, MARK), BEFORE, KEY), true);
});

for (
  const [name, now, before] of [
    ["without a mark, as in an old manifest", network({}), BEFORE],
    ["with the mark of other bitmaps", network({}, importMark(network({ alloc: "gAAAAQ==" }), AT)), BEFORE],
    ["with a mark that was there", network({}, MARK), network(BEFORE.spec.Options!, MARK)],
    ["with a mark of nothing", network({}, "@"), BEFORE],
  ] as const
) {
  Deno.test(`isImported() sees no import in an update ${name}`, () => {
    assertEquals(isImported(now, before, KEY), false);
  });
}

import { assert, assertEquals } from "@std/assert";
import { hash32, hashKey } from "./hash.ts";

Deno.test("hash32() spreads similar names evenly over few buckets", () => {
  const buckets = Array.from({ length: 16 }, () => 0);
  for (let node = 0; node < 1600; node++) buckets[hash32(`worker-${node}.example.com`) % 16]!++;
  assert(Math.min(...buckets) > 60 && Math.max(...buckets) < 140, String(buckets));
});

Deno.test("hash32() and hashKey() stay what they are: what they name outlives a version", () => {
  assertEquals(hashKey("node-1"), "aac8762470ca1c77");
  assertEquals([hash32(""), hash32("node-1"), hash32("node-1", 1)], [2872998923, 2865264164, 1277048491]);
});

Deno.test("hashKey() is 16 hexadecimal digits, also for a text of a megabyte", () => {
  assert(/^[0-9a-f]{16}$/.test(hashKey("A".repeat(1 << 20))));
});

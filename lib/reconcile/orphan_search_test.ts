import { assertEquals } from "@std/assert";
import type { OrphanAddress } from "./cluster_orphans.ts";
import { namespacesToSearch } from "./orphan_search.ts";

const network = { kind: "ClusterNetwork", name: "a", uid: "net" } as const;

function left(holder: string, namespace?: string): OrphanAddress {
  const rest = {
    what: "address",
    network,
    block: "b",
    offset: 1,
    owner: `${holder}/c/0`,
    address: "10.0.0.1",
  } as const;
  return { ...rest, holder, ...(namespace !== undefined && { namespace }) };
}

Deno.test("namespacesToSearch() names every namespace that any Pod could be in", () => {
  assertEquals(namespacesToSearch([left("p1", "red"), left("p2", "blue"), left("p3", "red")]), ["red", "blue"]);
  assertEquals(namespacesToSearch([left("p1", "red"), left("p1", "blue")]), ["red", "blue"]);
  assertEquals(namespacesToSearch([]), []);
});

Deno.test("namespacesToSearch() takes all namespaces for a Pod that could be anywhere", () => {
  assertEquals(namespacesToSearch([left("p1", "red"), left("p2")]), undefined);
  assertEquals(namespacesToSearch([left("p1"), left("p1", "red")]), ["red"], "a DanmEp tells where the Pod was");
});

Deno.test("namespacesToSearch() takes all namespaces instead of very many", () => {
  const many = Array.from({ length: 10 }, (_, index) => left(`p${index}`, `n${index}`));
  assertEquals(namespacesToSearch(many.slice(1))?.length, 9);
  assertEquals(namespacesToSearch(many), undefined);
});

import { assertEquals } from "@std/assert";
import { changesOf, objections, type Release } from "./objections.ts";

const RELEASE: Release = {
  version: "1.2.0",
  productVersion: "1.2.0",
  changelog: "# Changes\n\n## 1.2.0\n\n- new\n\n## 1.1.0\n\n- old\n",
  uncommitted: [],
  denortBin: undefined,
};

Deno.test("objections() has none to what is committed, described and of one version", () => {
  assertEquals(objections(RELEASE), []);
  assertEquals(changesOf(RELEASE.changelog, "1.2.0"), "- new");
});

Deno.test("objections() names everything that is in the way", () => {
  const wrong = (changes: Partial<Release>) => objections({ ...RELEASE, ...changes });
  assertEquals(wrong({ productVersion: "1.1.0" }), ["lib/api/product_version.ts says 1.1.0, must say 1.2.0"]);
  assertEquals(wrong({ changelog: "## 1.2.0\n\n## 1.1.0\n- old\n" }), ['CHANGELOG.md has no section "## 1.2.0"']);
  assertEquals(wrong({ uncommitted: ["lib/a.ts"] }), ["not all is committed: lib/a.ts"]);
  assertEquals(wrong({ denortBin: "/a" }).length, 1);
  for (const version of ["", "v1.2.0", "1.2", "1.2.0+a", "01.2.0", "1.2.0 "]) {
    assertEquals(wrong({ version }).length, 2, version); // and no section
  }
});

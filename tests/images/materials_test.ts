import { assertEquals, assertThrows } from "@std/assert";
import { debianMaterials, npmMaterials } from "./materials.ts";
import { spdxDocument } from "./sbom.ts";

const GRAPH = {
  modules: [{ kind: "esm" }, { kind: "npm", npmPackage: "prom-client@15.1.3" }],
  npmPackages: {
    "prom-client@15.1.3": { name: "prom-client", version: "15.1.3", dependencies: ["@opentelemetry/api@1.10.0"] },
    "@opentelemetry/api@1.10.0": { name: "@opentelemetry/api", version: "1.10.0", dependencies: [] },
    "ajv@8.20.0": { name: "ajv", version: "8.20.0", dependencies: [] },
  },
};

const LOCK = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));

Deno.test("npmMaterials() lists what is imported and what that needs, and nothing else of the lock file", () => {
  const materials = npmMaterials(GRAPH, LOCK);
  assertEquals(materials.map(({ purl }) => purl), [
    "pkg:npm/prom-client@15.1.3",
    "pkg:npm/%40opentelemetry/api@1.10.0",
  ]);
  assertEquals(materials.every(({ checksum }) => checksum?.hex.length === 128), true);
});

Deno.test("npmMaterials() refuses what the lock file does not know", () => {
  const npmPackages = { "a@1.0.0": { name: "a", version: "1.0.0", dependencies: [] } };
  assertThrows(
    () => npmMaterials({ modules: [{ npmPackage: "a@1.0.0" }], npmPackages }, LOCK),
    Error,
    "deno.lock has no",
  );
});

Deno.test("spdxDocument() is the same in whatever order things were found", () => {
  const product = { name: "danm-cleaner", version: "1.0.0" };
  const materials = debianMaterials("libc6 2.36-9+deb12u14 amd64\nlibgcc-s1 12.2.0-14 amd64\n");
  assertEquals(materials[0]?.purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64");
  const document = spdxDocument(product, materials);
  assertEquals(spdxDocument(product, materials.toReversed()), document);
  const packages = document.packages as { SPDXID: string; name: string }[];
  assertEquals(packages.map(({ SPDXID, name }) => [SPDXID, name]), [
    ["SPDXRef-product", "danm-cleaner"],
    ["SPDXRef-0", "libc6"],
    ["SPDXRef-1", "libgcc-s1"],
  ]);
});

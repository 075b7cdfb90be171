/** What a program and its image are made of, for those who must know: a bill of materials in SPDX 2.3. */

/** One thing that something is made of. */
export interface Material {
  readonly name: string;
  readonly version: string;
  /** A package URL, which says where it comes from. Source: the purl specification. */
  readonly purl?: string;
  /** As package managers note it. */
  readonly checksum?: { readonly algorithm: "SHA256" | "SHA512"; readonly hex: string };
}

/** Of layers as of this, one time whenever it is made: the same when what goes into it is the same. */
const CREATED = "1970-01-01T00:00:00Z";

/**
 * The bill of `product`, which contains all of `materials`.
 *
 * Source: SPDX specification 2.3, JSON format
 */
export function spdxDocument(product: Material, materials: readonly Material[]): Record<string, unknown> {
  const sorted = materials.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${product.name}-${product.version}`,
    documentNamespace: `urn:danm:${product.name}:${product.version}`,
    creationInfo: { created: CREATED, creators: ["Tool: danm-make-images"] },
    documentDescribes: ["SPDXRef-product"],
    packages: [
      { ...packageOf(product, "SPDXRef-product"), licenseDeclared: "BSD-3-Clause" },
      ...sorted.map((material, index) => packageOf(material, `SPDXRef-${index}`)),
    ],
    relationships: sorted.map((_, index) => ({
      spdxElementId: "SPDXRef-product",
      relationshipType: "CONTAINS",
      relatedSpdxElement: `SPDXRef-${index}`,
    })),
  };
}

function keyOf({ name, version, purl = "" }: Material): string {
  return `${purl} ${name} ${version}`;
}

function packageOf({ name, version, purl, checksum }: Material, id: string): Record<string, unknown> {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...checksum && { checksums: [{ algorithm: checksum.algorithm, checksumValue: checksum.hex }] },
    ...purl !== undefined && {
      externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
    },
  };
}

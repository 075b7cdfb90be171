/** What programs and base images are made of, by those who know: the module graph, deno.lock, Debian's package names. */

import type { Material } from "./sbom.ts";

/** What `deno info --json` says of a program, as far as it is read here. */
export interface ModuleGraph {
  readonly modules: readonly { readonly kind?: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, NpmPackage>>;
}

/** What deno.lock says, as far as it is read here. */
export interface LockFile {
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Keys of those that it needs. */
  readonly dependencies: readonly string[];
}

/** The packages that a program imports, and those that they need, with the checksums of deno.lock. */
export function npmMaterials({ modules, npmPackages }: ModuleGraph, lock: LockFile): Material[] {
  const found = new Set<string>();
  const visit = (key: string) => {
    if (found.has(key)) return;
    found.add(key);
    npmPackages[key]?.dependencies.forEach(visit);
  };
  for (const { npmPackage } of modules) if (npmPackage !== undefined) visit(npmPackage);
  return [...found].map((key) => {
    const { name, version } = npmPackages[key]!;
    return { name, version, purl: `pkg:npm/${name.replace(/^@/, "%40")}@${version}`, ...checksumOf(key, lock) };
  });
}

function checksumOf(key: string, { npm }: LockFile): Pick<Material, "checksum"> {
  const [, base64] = /^sha512-(.+)$/.exec(npm[key]?.integrity ?? "") ?? [];
  if (base64 === undefined) throw new Error(`Cannot list ${key}: deno.lock has no SHA-512 of it`);
  return { checksum: { algorithm: "SHA512", hex: Uint8Array.fromBase64(base64).toHex() } };
}

/**
 * The packages of a base image.
 *
 * @param list lines `NAME VERSION ARCHITECTURE`
 */
export function debianMaterials(list: string): Material[] {
  return list.trim().split("\n").map((line) => {
    const [name = "", version = "", architecture = ""] = line.split(" ");
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
    return { name, version, purl };
  });
}

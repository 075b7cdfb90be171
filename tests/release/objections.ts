/** What is to be released, as far as it decides whether it may be. */
export interface Release {
  /** As it was asked for. */
  readonly version: string;
  /** As programs say it. */
  readonly productVersion: string;
  /** Text of CHANGELOG.md. */
  readonly changelog: string;
  /** What git says is not committed. */
  readonly uncommitted: readonly string[];
  /** Value of DENORT_BIN, if set. */
  readonly denortBin: string | undefined;
}

/** A version. Source: semver.org 2.0.0, without build metadata, which names of images cannot have. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Why that may not be released: a sentence each. */
export function objections({ version, productVersion, changelog, uncommitted, denortBin }: Release): string[] {
  const found: string[] = [];
  if (!VERSION.test(version)) found.push(`VERSION is "${version}", must be a version such as 1.2.3`);
  else if (version !== productVersion) {
    found.push(`lib/api/product_version.ts says ${productVersion}, must say ${version}`);
  }
  if (changesOf(changelog, version) === undefined) found.push(`CHANGELOG.md has no section "## ${version}"`);
  if (uncommitted.length > 0) found.push(`not all is committed: ${uncommitted.join(", ")}`);
  if (denortBin !== undefined) found.push(`DENORT_BIN is set, must not be: a release has the vendor's runtime`);
  return found;
}

/** The section of a version in a changelog; undefined when it has none, or nothing in it. */
export function changesOf(changelog: string, version: string): string | undefined {
  const section = changelog.split(/^## /m).find((text) => text.split("\n")[0]?.trim() === version);
  const text = section?.split("\n").slice(1).join("\n").trim();
  return text === "" ? undefined : text;
}

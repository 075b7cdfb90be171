/** The CNI protocol versions DANM speaks. */

/** Oldest first. */
export const cniVersions = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

/** A protocol version that both DANM and its caller know. */
export type CniVersion = typeof cniVersions[number];

/** Whether DANM speaks version `value`. */
export function isCniVersion(value: unknown): value is CniVersion {
  return cniVersions.some((version) => version === value);
}

/** Whether `version` is `minimum` or newer. */
export function isAtLeast(version: CniVersion, minimum: CniVersion): boolean {
  return cniVersions.indexOf(version) >= cniVersions.indexOf(minimum);
}

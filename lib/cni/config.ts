/** The network configuration on stdin. Source: CNI spec 1.1.0 §1 and §2. */

import { CniError, errorCode } from "./error.ts";
import { quote } from "./quote.ts";
import { type CniVersion, cniVersions, isCniVersion } from "./version.ts";

/** What the protocol itself reads of a configuration. Every other key is the plugin's, and kept as it came. */
export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly [key: string]: unknown;
}

/** What the specification allows as container ID and as network name. */
export const identifier = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  allowed: 'a letter or digit, then letters, digits, "_", "." or "-"',
} as const;

/**
 * Reads a network configuration.
 *
 * @throws {CniError} `decodingFailure`, `invalidConfig` or `incompatibleVersion`
 */
export function parseConfig(stdin: string): NetworkConfig {
  const config = parseObject(stdin);
  const { name, cniVersion } = config;
  // An absent version means 0.1.0, as in the reference implementation: too old as well.
  if (!isCniVersion(cniVersion)) throw incompatibleVersion(cniVersion, `one of ${cniVersions.join(", ")}`);
  if (typeof name !== "string" || !identifier.pattern.test(name)) throw invalidConfig("name", name, identifier.allowed);
  return { ...config, name, cniVersion };
}

/** The error for a configuration in a version that is not spoken, or does not have what is asked for. */
export function incompatibleVersion(cniVersion: unknown, allowed: string): CniError {
  const problem = `cniVersion of the network configuration is ${quote(cniVersion)}, must be ${allowed}`;
  return new CniError(errorCode.incompatibleVersion, "Incompatible CNI version", problem);
}

/** The error for a value of the configuration that cannot be. */
export function invalidConfig(key: string, value: unknown, allowed: string): CniError {
  const problem = `${key} is ${quote(value)}, must be ${allowed}`;
  return new CniError(errorCode.invalidConfig, "Invalid network configuration", problem);
}

/**
 * The version the caller put into its configuration, to answer in even where the configuration as a whole is not
 * usable; DANM's newest when it cannot be told.
 */
export function statedVersion(stdin: string): string {
  try {
    const { cniVersion } = parseObject(stdin);
    if (typeof cniVersion === "string" && /^[0-9]+\.[0-9]+\.[0-9]+$/.test(cniVersion)) return cniVersion;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
  }
  return cniVersions.at(-1)!;
}

function parseObject(stdin: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(stdin);
  } catch (error) {
    throw new CniError(errorCode.decodingFailure, "Cannot read network configuration", (error as Error).message);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new CniError(errorCode.decodingFailure, "Cannot read network configuration", "it must be a JSON object");
}

/** How DANM is configured in this cluster: the ConfigMap `danm`, whose keys are files in a folder. */

import { isCniVersion } from "../cni/version.ts";
import { readDanmConfig } from "../plugin/danm_config.ts";

/** Keys of the CNI configuration that are handed on as they are. */
const DANM_KEYS = [
  "attachmentDefinitions",
  "cniDir",
  "cniVersion",
  "globalNamespaces",
  "logFile",
  "logLevel",
  "namespaceIsolation",
  "namingScheme",
  "networkStatus",
  "podResourcesSocket",
  "stateDir",
  "timeout",
] as const;

const OWN_KEYS = ["configFile", "server", "tokenLifetime"] as const;

/** What can be configured; what a value must be, `readSettings()` says. */
export interface Settings {
  /** Name of the file in the configuration folder: runtimes take the first one in the order of names. */
  readonly configFile: string;
  /** `https://HOST:PORT` of the API server as nodes reach it; undefined: as this process does. */
  readonly server: string | undefined;
  /** Seconds for which danm's token is asked for. */
  readonly tokenLifetime: number;
  /** danm's own keys of the CNI configuration. */
  readonly danm: { readonly cniVersion: string; readonly [key: string]: string | number | boolean };
  /** Where danm keeps its journals. */
  readonly stateDir: string;
}

const DEFAULT_CNI_VERSION = "1.0.0";
const WEEK_SECONDS = 604_800;

/** The least that an API server accepts. Source: Kubernetes API, TokenRequestSpec. */
const LEAST_LIFETIME_SECONDS = 600;

/** A setting is wrong; the message names it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * Reads the settings. A key without a value, or with an empty one, has its default.
 *
 * @param files key to value
 * @throws {SettingsError} for an unknown key and a value that is not allowed
 */
export function readSettings(files: ReadonlyMap<string, string>): Settings {
  const known: readonly string[] = [...OWN_KEYS, ...DANM_KEYS].sort();
  const values = new Map(
    [...files].map(([key, text]) => [key, text.trim()] as const).filter(([, text]) => text !== ""),
  );
  for (const key of values.keys()) {
    if (!known.includes(key)) {
      throw new SettingsError(`Cannot use setting ${key}: it must be one of ${known.join(", ")}`);
    }
  }
  const danm = danmKeys(values);
  return {
    configFile: checked(values, "configFile", "00-danm.conf", /^\w[\w.-]*\.conf$/, "a file name that ends in .conf"),
    server: values.has("server") ? serverUrl(values.get("server")!) : undefined,
    tokenLifetime: lifetime(values.get("tokenLifetime")),
    danm,
    stateDir: checkDanm(danm),
  };
}

function danmKeys(values: ReadonlyMap<string, string>): Settings["danm"] {
  const cniVersion = values.get("cniVersion") ?? DEFAULT_CNI_VERSION;
  if (!isCniVersion(cniVersion)) throw refused("cniVersion", cniVersion, "a version of CNI that danm speaks");
  const given = DANM_KEYS.flatMap((key) => {
    const text = values.get(key);
    return text === undefined ? [] : [[key, valueOf(key, text)] as const];
  });
  const namingScheme = values.get("namingScheme") ?? "numbered";
  if (namingScheme !== "numbered" && namingScheme !== "legacy") {
    throw refused("namingScheme", namingScheme, "numbered or legacy");
  }
  return { ...Object.fromEntries(given), cniVersion };
}

/** What is no text in danm's configuration. */
function valueOf(key: string, text: string): string | number | boolean {
  if (key === "timeout") return Number(text);
  const isFlag = ["attachmentDefinitions", "namespaceIsolation", "networkStatus"].includes(key) &&
    ["true", "false"].includes(text);
  return isFlag ? text === "true" : text;
}

/** Lets danm judge its keys. Returns its state folder. */
function checkDanm(danm: Settings["danm"]): string {
  try {
    return readDanmConfig({ ...danm, cniVersion: "1.0.0", name: "danm", type: "danm", kubeconfig: "/" }).stateDir;
  } catch (error) {
    const { message, details } = error as { readonly message: string; readonly details?: string };
    throw new SettingsError(`Cannot use setting ${details ?? message}`);
  }
}

function checked(
  values: ReadonlyMap<string, string>,
  key: string,
  fallback: string,
  pattern: RegExp,
  allowed: string,
): string {
  const value = values.get(key) ?? fallback;
  if (!pattern.test(value)) throw refused(key, value, allowed);
  return value;
}

function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw refused("server", text, "https://HOST:PORT");
  }
  return url.href.replace(/\/+$/, "");
}

function lifetime(text: string | undefined): number {
  const seconds = Number(text ?? WEEK_SECONDS);
  if (Number.isInteger(seconds) && seconds >= LEAST_LIFETIME_SECONDS) return seconds;
  throw refused("tokenLifetime", text, `a whole number of seconds, ${LEAST_LIFETIME_SECONDS} or more`);
}

function refused(key: string, value: unknown, allowed: string): SettingsError {
  return new SettingsError(`Cannot use setting ${key}: it is ${JSON.stringify(value)}, must be ${allowed}`);
}

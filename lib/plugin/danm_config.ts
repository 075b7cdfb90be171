/** DANM's own keys of the CNI network configuration. */

import { API_GROUPS, type ApiGroup, DEFAULT_API_GROUP, isApiGroup } from "../api/resource.ts";
import { isObjectName } from "../api/object_name.ts";
import { EntryError } from "../attach/annotation.ts";
import type { NamespaceIsolation } from "../attach/definitions/namespace_isolation.ts";
import { requestIn } from "../attach/definitions/own_request.ts";
import { isNamingScheme, NAMING_SCHEMES, type NamingScheme } from "../attach/interface_names.ts";
import { invalidConfig, type NetworkConfig } from "../cni/config.ts";
import type { InterfaceRequest } from "../attach/interface_request.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { isLogLevel, LOG_LEVELS, type LogLevel } from "../host/serving/log.ts";
import { DANM_DEFAULTS } from "./danm_defaults.ts";

/** How danm was configured on this node. Paths are absolute. */
export interface DanmConfig extends NamespaceIsolation {
  /** Of the configuration itself: every one has its own attachments. */
  readonly name: string;
  readonly kubeconfig: string;
  /** Folder of the configuration files of static delegates. */
  readonly cniDir: string;
  readonly namingScheme: NamingScheme;
  readonly apiGroup: ApiGroup;
  /** Seconds until an ADD is given up. */
  readonly timeout: number;
  readonly logFile: string;
  readonly logLevel: LogLevel;
  /** Folder of what must survive on the node. */
  readonly stateDir: string;
  /** What the runtime passes for those who have the capability for it: by capability. */
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
  /** Socket of kubelet's PodResources API. */
  readonly podResourcesSocket: string;
  /** Whether the annotations of the de-facto standard are danm's to serve, and not those of another that calls it. */
  readonly attachmentDefinitions: boolean;
  /** Whether Pods are annotated with what they got. */
  readonly networkStatus: boolean;
  /** The one interface to attach, where the configuration says that and not the Pod. */
  readonly request?: InterfaceRequest;
}

/**
 * Reads DANM's keys; keys it does not know are ignored, as the CNI specification wants. A key that is null or empty is as
 * if it were absent.
 *
 * @param defaultCniDir value of the environment variable CNI_CONF_DIR, if set
 * @throws {CniError} `invalidConfig`, naming key, value and what is allowed
 */
export function readDanmConfig(config: NetworkConfig, defaultCniDir?: string): DanmConfig {
  const request = interfaceRequest(config);
  return {
    name: config.name,
    kubeconfig: path(config, "kubeconfig"),
    cniDir: path(config, "cniDir", defaultCniDir || DANM_DEFAULTS.cniDir),
    namingScheme: oneOf(config, "namingScheme", "numbered", isNamingScheme, NAMING_SCHEMES),
    apiGroup: oneOf(config, "apiGroup", DEFAULT_API_GROUP, isApiGroup, API_GROUPS),
    timeout: seconds(config),
    logFile: path(config, "logFile", DANM_DEFAULTS.logFile),
    logLevel: oneOf(config, "logLevel", "info", isLogLevel, LOG_LEVELS),
    stateDir: path(config, "stateDir", DANM_DEFAULTS.stateDir),
    runtimeConfig: object(config, "runtimeConfig"),
    podResourcesSocket: path(config, "podResourcesSocket", DANM_DEFAULTS.podResourcesSocket),
    namespaceIsolation: flag(config, "namespaceIsolation", false),
    globalNamespaces: namespaces(config, "globalNamespaces", "default"),
    attachmentDefinitions: flag(config, "attachmentDefinitions", true),
    networkStatus: flag(config, "networkStatus", true),
    ...(request && { request }),
  };
}

function flag(config: NetworkConfig, key: string, fallback: boolean): boolean {
  const value = valueOf(config, key) ?? fallback;
  if (typeof value === "boolean") return value;
  throw invalidConfig(key, value, "true or false");
}

/** A list or, as Multus has it, one text with commas. */
function namespaces(config: NetworkConfig, key: string, fallback: string): string[] {
  const value = valueOf(config, key) ?? fallback;
  const names: unknown = typeof value === "string" ? value.split(",").map((name) => name.trim()) : value;
  if (Array.isArray(names) && names.every((name) => typeof name === "string" && isObjectName(name))) return names;
  throw invalidConfig(key, value, "names of namespaces with commas between");
}

/** That of another meta-plugin's network, with the addresses that its Pod asks for. */
function interfaceRequest(config: NetworkConfig): InterfaceRequest | undefined {
  const { ips } = object(config, "runtimeConfig");
  try {
    return requestIn(config, Array.isArray(ips) ? ips.map(String) : []);
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    throw new CniError(errorCode.invalidConfig, "Invalid network configuration", error.message);
  }
}

function path(config: NetworkConfig, key: string, fallback?: string): string {
  const value = valueOf(config, key) ?? fallback;
  if (typeof value === "string" && value.startsWith("/")) return value;
  throw invalidConfig(key, value, "an absolute path");
}

function oneOf<T extends string>(
  config: NetworkConfig,
  key: string,
  fallback: T,
  accepts: (text: string) => text is T,
  allowed: readonly T[],
): T {
  const value = valueOf(config, key) ?? fallback;
  if (typeof value === "string" && accepts(value)) return value;
  throw invalidConfig(key, value, `one of ${allowed.join(", ")}`);
}

function object(config: NetworkConfig, key: string): Readonly<Record<string, unknown>> {
  const value = valueOf(config, key) ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw invalidConfig(key, value, "an object");
}

function seconds(config: NetworkConfig): number {
  const timeout = valueOf(config, "timeout") ?? DANM_DEFAULTS.timeout;
  if (typeof timeout === "number" && timeout > 0 && timeout <= 600) return timeout;
  throw invalidConfig("timeout", timeout, "a number of seconds above 0 and up to 600");
}

function valueOf(config: NetworkConfig, key: string): unknown {
  const value = config[key];
  return value === null || value === "" ? undefined : value;
}

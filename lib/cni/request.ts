/** One call of a plugin: the variables and the configuration together. Source: CNI spec 1.1.0 §2 "CNI operations". */

import { incompatibleVersion, invalidConfig, type NetworkConfig, parseConfig, statedVersion } from "./config.ts";
import { type Command, type Environment, type Parameters, parseEnvironment } from "./environment.ts";
import { type CniVersion, isAtLeast } from "./version.ts";

/** A call about one interface of one container. */
export interface AttachmentRequest<C extends Command> extends Parameters {
  readonly command: C;
  readonly config: NetworkConfig;
}

/** Attach; `netns` is never empty. */
export type AddRequest = AttachmentRequest<"ADD">;
/** Detach; `netns` is empty when the namespace is gone. */
export type DelRequest = AttachmentRequest<"DEL">;
/** Verify what ADD made; `netns` is never empty. */
export type CheckRequest = AttachmentRequest<"CHECK">;

/** Whether ADD could be served now. */
export interface StatusRequest {
  readonly command: "STATUS";
  readonly config: NetworkConfig;
  readonly path: readonly string[];
}

/** One attachment that still exists, as its ADD named it. */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifName: string;
}

/** Remove what belongs to no attachment in the list. */
export interface GcRequest {
  readonly command: "GC";
  readonly config: NetworkConfig;
  readonly path: readonly string[];
  /** Undefined where the caller did not say, which is not the same as none. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
}

/** Which versions are spoken. */
export interface VersionRequest {
  readonly command: "VERSION";
  /** The version to put into the answer. */
  readonly cniVersion: string;
}

/** What a caller may ask of a plugin. */
export type Request = AddRequest | DelRequest | CheckRequest | StatusRequest | GcRequest | VersionRequest;

/** The version each command came with. */
const since: Readonly<Record<Exclude<Command, "VERSION">, CniVersion>> = {
  ADD: "0.3.1",
  DEL: "0.3.1",
  CHECK: "0.4.0",
  STATUS: "1.1.0",
  GC: "1.1.0",
};

/**
 * Reads a request.
 *
 * @throws {CniError} with the code the specification has for the kind of mistake
 */
export function parseRequest(env: Environment, stdin: string): Request {
  const parameters = parseEnvironment(env);
  const { command, path } = parameters;
  if (command === "VERSION") return { command, cniVersion: statedVersion(stdin) };
  const config = parseConfig(stdin);
  if (!isAtLeast(config.cniVersion, since[command])) {
    throw incompatibleVersion(config.cniVersion, `at least ${since[command]} for ${command}`);
  }
  switch (command) {
    case "STATUS":
      return { command, config, path };
    case "GC":
      return { command, config, path, validAttachments: parseValidAttachments(config) };
    default:
      return { ...parameters, command, config };
  }
}

/** Where the list is: under the key of the specification, else under that of its drafts. libcni writes it under both. */
export const VALID_KEYS = ["cni.dev/valid-attachments", "cni.dev/attachments"] as const;

/** Reads the list of what must stay. libcni writes null for a list of nothing, and no key when it was given no list. */
function parseValidAttachments(config: NetworkConfig): ValidAttachment[] | undefined {
  const stated = VALID_KEYS.filter((key) => Object.hasOwn(config, key));
  const key = stated.find((key) => config[key] !== null) ?? stated[0];
  if (key === undefined) return undefined;
  const list = config[key] ?? [];
  if (!Array.isArray(list)) throw invalidConfig(key, list, "a list");
  return list.map((entry: unknown, index) => {
    const { containerID, ifname } = (entry ?? {}) as { containerID?: unknown; ifname?: unknown };
    if (typeof containerID !== "string" || typeof ifname !== "string") {
      throw invalidConfig(`${key}[${index}]`, entry, "an object with the texts containerID and ifname");
    }
    return { containerId: containerID, ifName: ifname };
  });
}

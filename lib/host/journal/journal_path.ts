/** Where the journals of a node's attachments are. */
import { join } from "@std/path/posix";
import { hashKey } from "../../ipam/hash.ts";
import { isInterfaceName } from "../../net/interface_name.ts";

/** Which attachment a call is about. Source: CNI specification 1.1.0 §2, CNI_CONTAINERID and CNI_IFNAME. */
export interface AttachmentId {
  readonly containerId: string;
  /** CNI_IFNAME. */
  readonly ifName: string;
  /** Name of the network configuration: every one has its own attachments. */
  readonly configName: string;
}

/** What the name of a journal says. */
export interface JournalName {
  readonly containerId: string;
  /** Undefined in the first format, which had one journal for each container. */
  readonly ifName?: string;
  /** As {@linkcode attachmentKey} has it. */
  readonly config?: string;
}

/** What container IDs and names of configurations look like. Source: CNI specification 1.1.0 §1 and §2. */
const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** `<container ID>@<interface>@<configuration>`; only the middle may have an "@", and only the end a "~". */
const KEY = /^([A-Za-z0-9][A-Za-z0-9_.-]*)@(.+)@([A-Za-z0-9][A-Za-z0-9_.~-]*)$/;

/** The longest container ID that can be attached: with all that is added to it, an owner must fit into a block. */
export const MAX_CONTAINER_ID = 128;

/** The longest name of a configuration that is used as it is: the name of a file has 255 bytes. */
const MAX_CONFIG_NAME = 80;

/** The directory of all journals under `stateDir`. */
export function journalDirectory(stateDir: string): string {
  return join(stateDir, "attachments");
}

/** What attachments take turns by when they begin. No journal has such a name. */
export function turnPath(stateDir: string): string {
  return join(journalDirectory(stateDir), ".begin");
}

/** What plugins of a type take turns by that must not run side by side. No journal has such a name. */
export function pluginTurnPath(stateDir: string, type: string): string {
  return join(journalDirectory(stateDir), `.${type}`);
}

/**
 * One text for an attachment, different for every two: the name of its journal, and part of what else is named after it.
 * At most 255 characters, all of them harmless in a file's name, when the container ID has {@linkcode MAX_CONTAINER_ID}.
 *
 * @throws {RangeError} when a part is not what the specification allows
 */
export function attachmentKey({ containerId, ifName, configName }: AttachmentId): string {
  if (!IDENTIFIER.test(containerId)) throw refused("container ID", containerId, `match ${IDENTIFIER.source}`);
  if (!isInterfaceName(ifName)) throw refused("interface", ifName, "be the name of an interface");
  if (!IDENTIFIER.test(configName)) throw refused("configuration", configName, `match ${IDENTIFIER.source}`);
  return `${containerId}@${ifName}@${configPart(configName)}`;
}

/** How a configuration is named in the keys of its attachments. */
export function configPart(configName: string): string {
  if (configName.length <= MAX_CONFIG_NAME) return configName;
  return `${configName.slice(0, MAX_CONFIG_NAME - 17)}~${hashKey(configName)}`;
}

/**
 * The file of one journal.
 *
 * @param name an {@linkcode attachmentKey} or, for a journal of the first format, a container ID
 * @throws {RangeError} when `name` is neither
 */
export function journalPath(stateDir: string, name: string): string {
  if (!parseJournalName(name)) {
    throw refused("container ID", name, `match ${IDENTIFIER.source}, or be the key of an attachment`);
  }
  return join(journalDirectory(stateDir), name);
}

/** Reads the name of a journal; undefined for what an editor or an administrator left there. */
export function parseJournalName(fileName: string): JournalName | undefined {
  if (IDENTIFIER.test(fileName)) return { containerId: fileName };
  const [, containerId, ifName, config] = KEY.exec(fileName) ?? [];
  if (containerId === undefined || config === undefined || !isInterfaceName(ifName!)) return undefined;
  return { containerId, ifName: ifName!, config };
}

function refused(what: string, value: string, must: string): RangeError {
  return new RangeError(`Cannot name journal: ${what} is ${JSON.stringify(value)}, must ${must}`);
}

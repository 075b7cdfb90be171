/** The last look before something is made: whether the names of all interfaces are free. */

import type { InterfacePlan } from "../attach/interface_plan.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Result } from "../cni/result.ts";
import { openLocked } from "../host/files/open_locked.ts";
import { turnPath } from "../host/journal/journal_path.ts";
import type { Link } from "../link/link.ts";
import type { Attachment } from "./attachment.ts";
import { type BeginEntry, interfaceNames } from "./attachment_entry.ts";
import { readOthers } from "./journals.ts";
import { TraceError } from "./trace_error.ts";

/** Another attachment of the container has an interface of one of the names. */
export class NameTakenError extends Error {
  override readonly name = "NameTakenError";
}

/** What may have a name that is wanted. */
export interface TakenNames {
  /** Links of the namespace. */
  readonly links: readonly Link[];
  /** Result of the plugins before danm in a chain. */
  readonly previous: Result | undefined;
}

/**
 * Writes `begin` down, if no interface of its names exists or is being made. Attachments of one container take turns here:
 * who undoes an ADD goes by names, so no two may ever have the same.
 *
 * @throws {CniError} `invalidConfig` when a plugin before danm has made an interface of one of the names
 * @throws {NameTakenError}
 * @throws {TraceError} when the namespace has a link of one of the names
 */
export async function beginAttachment(
  attachment: Attachment,
  plans: readonly InterfacePlan[],
  begin: BeginEntry,
  { links, previous }: TakenNames,
  signal: AbortSignal,
): Promise<void> {
  const { services: { config }, journal } = attachment;
  using _turn = await openLocked(turnPath(config.stateDir), signal);
  const others = await namesOfOthers(attachment);
  for (const { index, name } of plans) {
    const problem = `Cannot attach interface ${index}: the namespace has an interface "${name}" already`;
    if (previous?.interfaces.some((made) => made.name === name && made.sandbox)) {
      throw new CniError(errorCode.invalidConfig, problem, whatToDo(config.name));
    }
    const other = others.get(name);
    if (other !== undefined) throw new NameTakenError(`${problem}, of attachment ${other} of the same container`);
    if (links.some((link) => link.name === name)) throw new TraceError(problem);
  }
  const { interfaces: _, ...place } = begin;
  await journal.append([begin, { ...place, type: "place" }], { durable: false });
}

function whatToDo(configName: string): string {
  return `a plugin before danm in the list "${configName}" has made it, as prevResult says; danm makes it itself, so danm ` +
    "must be the first in the list that makes an interface: take the other plugin out of it, and make it a network of " +
    "DANM with the plugin's name as NetworkType where Pods need it";
}

/** Interfaces that other attachments of the container have or are making, and whose they are. */
async function namesOfOthers({ services, target }: Attachment): Promise<ReadonlyMap<string, string>> {
  const others = await readOthers(services, target);
  return new Map(
    others.flatMap(({ name, entries }) => [...interfaceNames(entries).values()].map((own) => [own, name])),
  );
}

/** DEL, and the undoing of a failed ADD: takes back all that a container's journal says. */

import { childMarker } from "../cni/child_marker.ts";
import { deleteDelegates } from "../delegate/delegate_chain.ts";
import { endProcesses } from "../host/processes/end_processes.ts";
import { releaseClaim } from "../ipam/release_address.ts";
import { allDone } from "./all_done.ts";
import { attempt, joinFailures } from "./attempt.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, type BeginEntry, entriesOf, type RecordedInterface } from "./attachment_entry.ts";
import { backendOf } from "./backends/backend_of.ts";
import { cleanNamespace } from "./clean_namespace.ts";
import { detachAll, type Detachment } from "./detach_all.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { deleteEndpoint, listEndpoints } from "./endpoint.ts";
import { rulesOf } from "./interface_setup.ts";
import { podNamespace } from "./pod_identity.ts";
import { findNamespaceToClean } from "./pod_namespace.ts";
import { temporaryName } from "./temporary_name.ts";

/**
 * Detaches the container whose journal is given, all interfaces in parallel, and removes the journal.
 *
 * @throws {DetachError} when something is left; the journal stays then
 */
export async function detachContainer(attachment: Attachment, signal: AbortSignal): Promise<void> {
  const { target, journal } = attachment;
  const entries = journal.read();
  if (entriesOf(entries, "complete").length === 0) await endInterrupted(target.containerId, signal);
  await takeBack(attachment, signal);
}

/**
 * Does what {@linkcode detachContainer} does for who knows that nothing of the ADD is going on any more: its own
 * process.
 *
 * @throws {DetachError} when something is left; the journal stays then
 */
export async function takeBack(attachment: Attachment, signal: AbortSignal): Promise<void> {
  const { services, target, journal, namespaceIsGone } = attachment;
  const entries = journal.read();
  const begin = entriesOf(entries, "begin").at(-1);
  if (entries.length === 0) return;
  if (begin) {
    const netns = namespaceIsGone ? "" : await findNamespaceToClean(target.netns, begin, signal);
    const container = { ...attachment, target: { ...target, netns, args: new Map(begin.args) } };
    const done = entriesOf(entries, "detached").map(({ index }) => index);
    const left = begin.interfaces.filter(({ index }) => !done.includes(index));
    const gone: AttachmentEntry[] = [];
    const detachments = left.map((recorded): Detachment => ({
      name: recorded.name,
      needs: recorded.needs ?? [],
      async detach() {
        await detachInterface(container, begin, recorded, entries, signal);
        gone.push({ type: "detached", index: recorded.index });
      },
    }));
    await noteIfFailed(journal, gone, () => detachAll(services.log, detachments));
  } else {
    // The journal is damaged, so that what the cluster knows is the better record.
    const endpoints = await listEndpoints(services, podNamespace(target), target.containerId, signal);
    await detachUnrecorded(services, target, endpoints, signal);
  }
  await journal.remove();
}

/** Does `work`; when it fails, notes `entries` for the next attempt. A journal that is about to go needs none of them. */
async function noteIfFailed(
  journal: Attachment["journal"],
  entries: readonly AttachmentEntry[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const failures = [error];
    if (entries.length > 0) await attempt(failures, () => journal.append(entries, { durable: false }));
    throw joinFailures(failures);
  }
}

/**
 * Ends what an ADD that was killed has left running: a delegate that goes on would make an interface, or take an
 * address, after all was taken back.
 */
async function endInterrupted(containerId: string, signal: AbortSignal): Promise<void> {
  const [marker] = Object.entries(childMarker).map(([name, value]) => `${name}=${value}`);
  await endProcesses([marker!, `CNI_CONTAINERID=${containerId}`, "CNI_COMMAND=ADD"], signal);
}

/**
 * The address comes last: one that is free again must not be on any link. The journal stays until all is done, so the
 * DanmEp need not wait for the link, which takes the kernel as long as a first request takes.
 */
async function detachInterface(
  attachment: Attachment,
  begin: BeginEntry,
  recorded: RecordedInterface,
  entries: readonly AttachmentEntry[],
  signal: AbortSignal,
): Promise<void> {
  const { services } = attachment;
  await allDone([
    removeLink(attachment, recorded, entries, signal),
    deleteEndpoint(services, begin.pod.namespace, recorded.endpoint, signal),
  ]);
  const claims = entriesOf(entries, "claim").filter(({ index }) => index === recorded.index);
  await allDone(claims.map(({ claim }) => releaseClaim(services.blocks, claim, new Date(), signal)));
}

async function removeLink(
  { target, services: { log } }: Attachment,
  { index, name, type }: RecordedInterface,
  entries: readonly AttachmentEntry[],
  signal: AbortSignal,
): Promise<void> {
  const { containerId, netns } = target;
  const delegates = entriesOf(entries, "delegates").find((entry) => entry.index === index);
  let wasRemoved = false;
  if (delegates) {
    const delegated = entriesOf(entries, "delegated").find((entry) => entry.index === index);
    const own = { ...target, ifName: name };
    const passedOver = await deleteDelegates(delegates.configs, own, delegated?.result, signal);
    passedOver.forEach((reason) => log.write("warning", "delegate passed over", { interface: name, reason }));
    // Delegates that failed half-way may have left the link, and not all remove it then.
    wasRemoved = passedOver.length === 0 && backendOf(type).delegatesRemoveLink &&
      entriesOf(entries, "complete").length > 0;
  }
  const setups = entriesOf(entries, "setups").flatMap(({ setups }) => setups).filter((setup) => setup.name === name);
  const links = wasRemoved ? [] : [name, temporaryName(containerId, index)];
  await cleanNamespace(netns, { links, rules: setups.flatMap(rulesOf) }, signal);
}

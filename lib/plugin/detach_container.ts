/** DEL, and the undoing of a failed ADD: takes back all that the journal of an attachment says. */

import type { DanmEp } from "../api/danm_ep.ts";
import { childMarker } from "../cni/child_marker.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { parseJournalName } from "../host/journal/journal_path.ts";
import { endProcesses } from "../host/processes/end_processes.ts";
import { attempt, joinFailures } from "./attempt.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, entriesOf, placeOf } from "./attachment_entry.ts";
import { detachAll, type Detachment } from "./detach_all.ts";
import { planDetachment } from "./detach_interface.ts";
import { listEndpoints } from "./endpoint.ts";
import { releaseRules } from "./policies/release_rules.ts";
import { podNamespace } from "./pod_identity.ts";
import { findNamespaceToClean } from "./pod_namespace.ts";
import { remainsOf } from "./remains.ts";
import { restoreRoutes } from "./restore_routes.ts";

/**
 * Detaches what the given journal is of, all interfaces in parallel, and removes the journal.
 *
 * @returns whether there was anything in the journal
 * @throws {DetachError} when something is left; the journal stays then
 */
export async function detachContainer(attachment: Attachment, signal: AbortSignal): Promise<boolean> {
  const { target, journal } = attachment;
  if (isBlank(journal)) return false;
  if (entriesOf(journal.read(), "complete").length === 0) await endInterrupted(target, signal);
  await takeBack(attachment, signal);
  return true;
}

/**
 * Does what {@linkcode detachContainer} does for who knows that nothing of the ADD is going on any more: its own
 * process.
 *
 * @throws {DetachError} when something is left; the journal stays then
 */
export async function takeBack(attachment: Attachment, signal: AbortSignal): Promise<void> {
  const { services, target, journal, namespaceIsGone } = attachment;
  if (isBlank(journal)) return;
  const entries = journal.read();
  const place = placeOf(entries);
  const namespace = place?.pod.namespace ?? podNamespace(target);
  // Of what the journal lacks, the cluster may have a record.
  const endpoints = journal.mayLack ? await listEndpoints(services, namespace, target, signal) : [];
  const netns = namespaceIsGone ? "" : await findNamespace(target, entries, endpoints, signal);
  const context = {
    services,
    target: { ...target, netns, ...(place && { args: new Map(place.args) }) },
    namespace,
    isComplete: entriesOf(entries, "complete").length > 0,
  };
  const done = new Set(entriesOf(entries, "detached").map(({ index }) => index));
  const left = remainsOf(entries, endpoints, target.ifName)
    .filter(({ index, endpoint }) => endpoint !== undefined || index === undefined || !done.has(index));
  const gone: AttachmentEntry[] = [];
  const detachments = await Promise.all(left.map(async (remains): Promise<Detachment> => {
    const planned = await planDetachment(context, remains, signal);
    return {
      ...planned,
      async detach() {
        await planned.detach();
        if (remains.index !== undefined) gone.push({ type: "detached", index: remains.index });
      },
    };
  }));
  await noteIfFailed(journal, gone, () => detachAll(services.log, detachments));
  await restoreRoutes(services, context.target, signal);
  await releaseRules({ services, target: context.target }, () => journal.remove(), signal);
}

function isBlank(journal: Attachment["journal"]): boolean {
  return journal.read().length === 0 && journal.damagedLines === 0;
}

/** Where the interfaces are, by whatever says it. */
async function findNamespace(
  { netns }: DelegateTarget,
  entries: readonly AttachmentEntry[],
  endpoints: readonly DanmEp[],
  signal: AbortSignal,
): Promise<string> {
  const sandboxes = entriesOf(entries, "delegated").flatMap(({ result }) => result.interfaces)
    .flatMap(({ sandbox }) => sandbox?.startsWith("/") ? [{ netns: sandbox }] : []);
  const recorded = placeOf(entries) ?? endpoints[0]?.spec ?? sandboxes[0] ?? { netns: "" };
  return await findNamespaceToClean(netns, recorded, signal);
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
 * address, after all was taken back. Delegates have variables of their own, and the key; other programs have danm's.
 */
async function endInterrupted({ containerId, attachment }: DelegateTarget, signal: AbortSignal): Promise<void> {
  const { ifName } = parseJournalName(attachment)!;
  const marked = (key?: string) => Object.entries(childMarker(key)).map((pair) => pair.join("="));
  const ofContainer = [`CNI_CONTAINERID=${containerId}`, "CNI_COMMAND=ADD"] as const;
  // The first format's delegates had no key: there was only one attachment.
  const own = ifName === undefined ? [] : [`CNI_IFNAME=${ifName}`];
  await endProcesses([...ofContainer, ...marked(), ...own], signal);
  if (ifName !== undefined) await endProcesses([...ofContainer, ...marked(attachment)], signal);
}

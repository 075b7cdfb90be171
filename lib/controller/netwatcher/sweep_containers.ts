/** Takes back what containers of this node had that are gone without a DEL. */

import type { KubeObject } from "../../api/kube_object.ts";
import { podUids } from "../../api/pod_uid.ts";
import { openJournal } from "../../host/journal/attachment_journal.ts";
import { listJournals } from "../../host/journal/list_journals.ts";
import { isNotFound } from "../../kube/client/kube_error.ts";
import { readNamespaceIds } from "../../link/namespace_id.ts";
import type { Attachment } from "../../plugin/attachment.ts";
import { type AttachmentEntry, type BeginEntry, entriesOf } from "../../plugin/attachment_entry.ts";
import { detachContainer } from "../../plugin/detach_container.ts";
import type { NodeServices } from "../../plugin/node_services.ts";
import { isContainerGone, type RecordedContainer } from "../../reconcile/gone_container.ts";

/** How long to wait for a journal that somebody else holds: an ADD or DEL is at work then, and no sweep is needed. */
const LOCK_MS = 100;

/** How long the detachment of one container may take. */
const DETACH_MS = 30_000;

interface Container extends RecordedContainer {
  readonly id: string;
}

/**
 * Detaches every container whose network namespace is gone, and whose Pod is gone too or has another one; see
 * `isContainerGone()`. Resolves to the IDs of those that were detached.
 *
 * @param cniPath folders of the plugins that interfaces were delegated to
 * @throws {AggregateError} of all that could not be detached; another sweep goes on where this one stopped
 */
export async function sweepContainers(
  services: NodeServices,
  cniPath: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const containers = await lookAtAll(services, signal);
  const swept: string[] = [];
  const failures: unknown[] = [];
  for (const { id } of containers.filter((container) => isContainerGone(container, containers))) {
    try {
      if (await detach(services, id, cniPath, signal)) swept.push(id);
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
  return swept;
}

async function lookAtAll(services: NodeServices, signal: AbortSignal): Promise<Container[]> {
  const begins = new Map<string, BeginEntry>();
  for (const id of await listJournals(services.config.stateDir)) {
    const begin = await withJournal(services, id, signal, beginOf);
    if (begin !== undefined) begins.set(id, begin);
  }
  const existing = await findExisting([...begins.values()], signal);
  return await Promise.all([...begins].map(async ([id, begin]) => {
    const { pod } = begin;
    const container = { id, podUid: pod.uid, hasNamespace: existing.has(begin) };
    return container.hasNamespace ? container : { ...container, podIsGone: await isPodGone(services, pod, signal) };
  }));
}

/** Those whose namespace exists: another one may be at its path by now. */
async function findExisting(begins: readonly BeginEntry[], signal: AbortSignal): Promise<ReadonlySet<BeginEntry>> {
  const namespaces = await readNamespaceIds(begins.map(({ netns }) => netns), signal);
  return new Set(begins.filter(({ netns, netnsId }) => namespaces.get(netns)?.id === netnsId));
}

async function isPodGone(
  { kube }: NodeServices,
  { namespace, name, uid }: BeginEntry["pod"],
  signal: AbortSignal,
): Promise<boolean> {
  const ref = { group: "", version: "v1", plural: "pods", namespace, name };
  try {
    const pod = await kube.get<KubeObject<"Pod", object>>(ref, { metadataOnly: true, signal });
    return !podUids(pod.metadata).includes(uid);
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}

/** Detaches the container unless its journal is in use or tells of a namespace that exists, after all. */
async function detach(
  services: NodeServices,
  containerId: string,
  path: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  return await withJournal(services, containerId, signal, async (journal) => {
    const begin = beginOf(journal);
    if (begin === undefined || (await findExisting([begin], signal)).size > 0) return false;
    const target = { containerId, netns: "", ifName: "eth0", args: new Map<string, string>(), path };
    await detachContainer(
      { services, target, journal, namespaceIsGone: true },
      AbortSignal.any([signal, AbortSignal.timeout(DETACH_MS)]),
    );
    return true;
  }) ?? false;
}

type Journal = Attachment["journal"];

function beginOf(journal: Journal): BeginEntry | undefined {
  return entriesOf(journal.read(), "begin").at(-1);
}

/** Resolves to undefined, without having called `use`, when somebody else holds the journal. */
async function withJournal<T>(
  { config }: NodeServices,
  containerId: string,
  signal: AbortSignal,
  use: (journal: Journal) => T | Promise<T>,
): Promise<T | undefined> {
  const patience = AbortSignal.timeout(LOCK_MS);
  let journal: Journal;
  try {
    journal = await openJournal<AttachmentEntry>(config.stateDir, containerId, AbortSignal.any([signal, patience]));
  } catch (error) {
    if (error === patience.reason && !signal.aborted) return undefined;
    throw error;
  }
  await using _open = journal;
  return await use(journal);
}

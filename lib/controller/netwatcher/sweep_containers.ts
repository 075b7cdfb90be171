/** Takes back what containers of this node had that are gone without a DEL. */

import type { KubeObject } from "../../api/kube_object.ts";
import { podUids } from "../../api/pod_uid.ts";
import type { DelegateTarget } from "../../delegate/delegate_chain.ts";
import { openJournal } from "../../host/journal/attachment_journal.ts";
import { parseJournalName } from "../../host/journal/journal_path.ts";
import { listJournals } from "../../host/journal/list_journals.ts";
import { readJournal } from "../../host/journal/read_journal.ts";
import { isNotFound } from "../../kube/client/kube_error.ts";
import { readNamespaceIds } from "../../link/namespace_id.ts";
import type { Attachment } from "../../plugin/attachment.ts";
import { type AttachmentEntry, type BeginEntry, placeOf } from "../../plugin/attachment_entry.ts";
import { detachContainer } from "../../plugin/detach_container.ts";
import { detachUnrecorded } from "../../plugin/detach_unrecorded.ts";
import { listEndpoints } from "../../plugin/endpoint.ts";
import type { NodeServices } from "../../plugin/node_services.ts";
import { isContainerGone, type RecordedContainer } from "../../reconcile/gone_container.ts";

/** How long to wait for a journal that somebody else holds: an ADD or DEL is at work then, and no sweep is needed. */
const LOCK_MS = 100;

/** How long the detachment of one container may take. */
const DETACH_MS = 30_000;

/** Where plugins are: their folders, and the mount namespace these are in unless that is this process's own. */
export type PluginFolders = Pick<DelegateTarget, "path" | "mounts">;

/** One attachment of a container. */
interface Container extends RecordedContainer {
  /** Name of its journal. */
  readonly journal: string;
}

/** Where an attachment is, and whose. */
type Place = Pick<BeginEntry, "netns" | "pod"> & Partial<Pick<BeginEntry, "netnsId">>;

/**
 * Detaches every container whose network namespace is gone, and whose Pod is gone too or has another one; see
 * `isContainerGone()`. Resolves to the IDs of those that were detached.
 *
 * @param plugins where the plugins are that interfaces were delegated to; one that is not found is a failure
 * @throws {AggregateError} of all that could not be looked at or detached; another sweep goes on where this one stopped
 */
export async function sweepContainers(
  services: NodeServices,
  plugins: PluginFolders,
  signal: AbortSignal,
): Promise<string[]> {
  const failures: unknown[] = [];
  const containers = await lookAtAll(services, failures, signal);
  const swept = new Set<string>();
  for (const { journal } of containers.filter((container) => isContainerGone(container, containers))) {
    try {
      if (await detach(services, journal, plugins, signal)) swept.add(parseJournalName(journal)!.containerId);
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
  return [...swept];
}

/** What a journal says, or else the DanmEps of what it is of: whose it is must be known for certain. */
async function readPlace(
  services: NodeServices,
  journal: string,
  entries: readonly AttachmentEntry[],
  signal: AbortSignal,
): Promise<Place | undefined> {
  const place = placeOf(entries);
  if (place) return place;
  const { containerId } = parseJournalName(journal)!;
  const [endpoint] = await listEndpoints(services, undefined, { containerId, attachment: journal }, signal);
  if (!endpoint) return undefined;
  const { metadata: { namespace = "" }, spec: { netns, Pod: name, PodUID: uid } } = endpoint;
  return { netns, pod: { namespace, name, uid } };
}

async function lookAtAll(services: NodeServices, failures: unknown[], signal: AbortSignal): Promise<Container[]> {
  const places = new Map<string, Place>();
  const { stateDir } = services.config;
  for (const journal of await listJournals(stateDir)) {
    try {
      const entries = await readJournal<AttachmentEntry>(stateDir, journal);
      const place = await readPlace(services, journal, entries, signal);
      if (place) places.set(journal, place);
      // Of a danm that was killed before it began: to be opened is all it takes for an empty journal to go.
      else if (entries.length === 0) await withJournal(services, journal, signal, () => {});
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(error);
    }
  }
  const existing = await findExisting([...places.values()], signal);
  return await Promise.all([...places].map(async ([journal, place]) => {
    const { pod } = place;
    const container = { journal, podUid: pod.uid, hasNamespace: existing.has(place) };
    return container.hasNamespace ? container : { ...container, podIsGone: await isPodGone(services, pod, signal) };
  }));
}

/** Those whose namespace exists: another one may be at its path by now, which a DanmEp does not tell. */
async function findExisting(places: readonly Place[], signal: AbortSignal): Promise<ReadonlySet<Place>> {
  const namespaces = await readNamespaceIds(places.map(({ netns }) => netns), signal);
  return new Set(places.filter(({ netns, netnsId }) => {
    const id = namespaces.get(netns)?.id;
    return id !== undefined && id === (netnsId ?? id);
  }));
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

/** Detaches what a journal is of, unless that is in use or its namespace exists, after all. */
async function detach(
  services: NodeServices,
  name: string,
  plugins: PluginFolders,
  signal: AbortSignal,
): Promise<boolean> {
  return await withJournal(services, name, signal, async (journal) => {
    const place = await readPlace(services, name, journal.read(), signal);
    if (place === undefined || (await findExisting([place], signal)).size > 0) return false;
    const { containerId, ifName = "eth0" } = parseJournalName(name)!;
    const container = { containerId, netns: "", ifName, args: new Map<string, string>(), attachment: name };
    const { stateDir } = services.config;
    const target = { ...container, ...plugins, stateDir, mustFindPlugins: true } as const;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(DETACH_MS)]);
    if (await detachContainer({ services, target, journal, namespaceIsGone: true }, limited)) return true;
    const endpoints = await listEndpoints(services, place.pod.namespace, target, limited);
    await detachUnrecorded(services, target, endpoints, limited);
    return endpoints.length > 0;
  }) ?? false;
}

type Journal = Attachment["journal"];

/** Resolves to undefined, without having called `use`, when somebody else holds the journal. */
async function withJournal<T>(
  { config }: NodeServices,
  name: string,
  signal: AbortSignal,
  use: (journal: Journal) => T | Promise<T>,
): Promise<T | undefined> {
  const patience = AbortSignal.timeout(LOCK_MS);
  let journal: Journal;
  try {
    journal = await openJournal<AttachmentEntry>(config.stateDir, name, AbortSignal.any([signal, patience]));
  } catch (error) {
    if (error === patience.reason && !signal.aborted) return undefined;
    throw error;
  }
  await using _open = journal;
  return await use(journal);
}

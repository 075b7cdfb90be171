/**
 * Takes back what sandboxes of this node still hold that are gone without a DEL, when a new one needs it: its Pod's own
 * static address, or a share of a pool that has no other.
 */

import type { DanmEp } from "../api/danm_ep.ts";
import { JournalError, openJournal } from "../host/journal/attachment_journal.ts";
import { parseJournalName } from "../host/journal/journal_path.ts";
import { listJournals } from "../host/journal/list_journals.ts";
import { readJournal } from "../host/journal/read_journal.ts";
import { parseOwner } from "../ipam/owner.ts";
import { AddressTakenError, PoolExhaustedError } from "../ipam/reserve_error.ts";
import { readNamespaceIds } from "../link/namespace_id.ts";
import { isContainerGone, type RecordedContainer } from "../reconcile/gone_container.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, type BeginEntry, placeOf } from "./attachment_entry.ts";
import { attempt, joinFailures } from "./attempt.ts";
import { detachContainer } from "./detach_container.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { attachmentOf, listEndpointsOn } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
import { messageOf } from "./to_cni_error.ts";

/** A sandbox that this node has a record of. */
interface Sandbox {
  /** Key of one attachment, or what its journal is called. */
  readonly attachment: string;
  readonly containerId: string;
  readonly podUid: string;
  readonly netns: string;
  /** Which namespace the path led to; absent in a DanmEp, which does not say. */
  readonly netnsId?: string;
  /** Its only record; absent when there is a journal. */
  readonly endpoints?: readonly DanmEp[];
}

/** Whether all that `error` is made of may be held by a sandbox that is gone: of this Pod, or of the node's others. */
export function mayBeHeldByDead(error: unknown, podUid: string): boolean {
  if (error instanceof AggregateError) return error.errors.every((each) => mayBeHeldByDead(each, podUid));
  return error instanceof PoolExhaustedError ||
    (error instanceof AddressTakenError && parseOwner(error.owner)?.podUid === podUid);
}

/**
 * Detaches the sandboxes of this node whose namespace is gone and whose Pod has a newer one: the very rule of
 * `isContainerGone()`, so the Pod of `attachment` is not the only one looked at. Pods that come back at once after their node
 * lost power take each other's addresses, and the last would find none while the others' old ones are still held.
 *
 * @param begin what the journal of `attachment`, which stays open, begins with
 * @returns whether there was one, by now taken back, be it by somebody else
 * @throws {DetachError | AggregateError} when there was, and nothing of it could be taken back
 */
export async function takeBackDead(attachment: Attachment, begin: BeginEntry, signal: AbortSignal): Promise<boolean> {
  const dead = await findDead(attachment, begin, signal);
  const failures: unknown[] = [];
  for (const sandbox of dead) {
    const { containerId, podUid } = sandbox;
    attachment.services.log.write("info", "taking back a sandbox that is gone", { gone: containerId, podUid });
    await attempt(failures, () => takeBackOne(attachment, sandbox, signal));
  }
  if (dead.length > 0 && failures.length === dead.length) throw joinFailures(failures);
  return dead.length > 0;
}

async function findDead({ services, target }: Attachment, begin: BeginEntry, signal: AbortSignal): Promise<Sandbox[]> {
  const recorded = (await recordedSandboxes(services)).filter(({ containerId }) => containerId !== target.containerId);
  const known = new Set([target.containerId, ...recorded.map(({ containerId }) => containerId)]);
  const endpoints = begin.host === "" ? [] : await listEndpointsOn(services, begin.host, signal);
  const sandboxes = [...recorded, ...sandboxesOf(endpoints.filter(({ spec }) => !known.has(spec.CID)))];
  const namespaces = await readNamespaceIds(sandboxes.map(({ netns }) => netns), signal);
  const own: RecordedContainer = { podUid: begin.pod.uid, hasNamespace: true };
  const others = sandboxes.map((sandbox) => {
    const { id, isOwn } = namespaces.get(sandbox.netns) ?? {};
    // No two sandboxes share a namespace, and none has the host's: the path was used again.
    const isReplaced = isOwn || id === begin.netnsId;
    const hasNamespace = id !== undefined && !isReplaced && id === (sandbox.netnsId ?? id);
    return { sandbox, podUid: sandbox.podUid, hasNamespace };
  });
  return others.filter((each) => isContainerGone(each, [own, ...others])).map(({ sandbox }) => sandbox);
}

/**
 * Those with a journal. It is not locked: who is being attached would be waited for, and wait for this one. One that cannot
 * be read tells nothing, and is no reason for this container to go without.
 */
async function recordedSandboxes({ config, log }: NodeServices): Promise<Sandbox[]> {
  const names = await listJournals(config.stateDir);
  const sandboxes = await Promise.all(names.map(async (attachment): Promise<Sandbox[]> => {
    try {
      const place = placeOf(await readJournal<AttachmentEntry>(config.stateDir, attachment));
      if (!place) return [];
      const { netns, netnsId, pod } = place;
      return [{ attachment, containerId: parseJournalName(attachment)!.containerId, podUid: pod.uid, netns, netnsId }];
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      log.write("warning", "passed over a journal", { reason: messageOf(error) });
      return [];
    }
  }));
  return sandboxes.flat();
}

/** Records of the original system may not say whose they are, or where; of those nothing can be proven. */
function sandboxesOf(endpoints: readonly DanmEp[]): Sandbox[] {
  return [...Map.groupBy(endpoints, attachmentOf)].flatMap(([attachment, endpoints]) => {
    const { CID: containerId, PodUID, netns } = endpoints[0]!.spec;
    if (!containerId || !PodUID || !netns?.startsWith("/")) return [];
    return [{ attachment, containerId, podUid: PodUID, netns, endpoints }];
  });
}

/** Nothing is looked for in a namespace: what is at the path now is another one's. */
async function takeBackOne(
  { services, target: own }: Attachment,
  { attachment, containerId, endpoints }: Sandbox,
  signal: AbortSignal,
): Promise<void> {
  const { ifName = "eth0" } = parseJournalName(attachment)!;
  // The plugins are where this call's are.
  const target = { ...own, containerId, netns: "", ifName, args: new Map([["IgnoreUnknown", "1"]]), attachment };
  if (endpoints) {
    const withoutNamespace = endpoints.map((each) => ({ ...each, spec: { ...each.spec, netns: "" } }));
    return await detachUnrecorded(services, target, withoutNamespace, signal);
  }
  await using journal = await openJournal<AttachmentEntry>(services.config.stateDir, attachment, signal);
  await detachContainer({ services, target, journal, namespaceIsGone: true }, signal);
}

/** GC: removes what this node holds for containers that are no more. */

import { invalidConfig } from "../cni/config.ts";
import { type GcRequest, VALID_KEYS } from "../cni/request.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { openJournal } from "../host/journal/attachment_journal.ts";
import { listJournals } from "../host/journal/list_journals.ts";
import { attempt, joinFailures } from "./attempt.ts";
import { type AttachmentEntry, type BeginEntry, entriesOf } from "./attachment_entry.ts";
import { detachContainer } from "./detach_container.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { listEndpointsOn } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";

/**
 * Detaches every container of this node that the runtime does not list as valid: those with a journal, and those whose
 * journal was lost but whose DanmEps name this node.
 *
 * @throws {AggregateError} of all that could not be removed; the rest has been
 */
export async function collectGarbage(services: NodeServices, request: GcRequest, signal: AbortSignal): Promise<void> {
  const { validAttachments } = request;
  if (!validAttachments) {
    throw invalidConfig(VALID_KEYS.join(" and "), undefined, "a list of the attachments that still exist");
  }
  const valid = new Set(validAttachments.map(({ containerId }) => containerId));
  const recorded = await listJournals(services.config.stateDir);
  const failures: unknown[] = [];
  const hosts = new Set<string>();
  for (const containerId of recorded) {
    const target = targetOf(containerId, request.path);
    const begin = await attempt(failures, () => collectJournal(services, target, valid.has(containerId), signal));
    if (begin?.host) hosts.add(begin.host);
  }
  for (const host of hosts) {
    const endpoints = await attempt(failures, () => listEndpointsOn(services, host, signal)) ?? [];
    const unrecorded = endpoints.filter(({ spec: { CID } }) => !valid.has(CID) && !recorded.includes(CID));
    for (const [containerId, own] of Map.groupBy(unrecorded, ({ spec }) => spec.CID)) {
      await attempt(failures, () => detachUnrecorded(services, targetOf(containerId, request.path), own, signal));
    }
  }
  if (failures.length > 0) throw joinFailures(failures, "Garbage could not be collected:");
}

/** What a container is detached with when no runtime says: its namespace is taken from its journal or DanmEp. */
function targetOf(containerId: string, path: readonly string[]): DelegateTarget {
  return { containerId, netns: "", ifName: "eth0", args: new Map([["IgnoreUnknown", "1"]]), path };
}

/** Detaches the container unless it is valid. Resolves to what its journal begins with. */
async function collectJournal(
  services: NodeServices,
  target: DelegateTarget,
  isValid: boolean,
  signal: AbortSignal,
): Promise<BeginEntry | undefined> {
  await using journal = await openJournal<AttachmentEntry>(services.config.stateDir, target.containerId, signal);
  const begin = entriesOf(journal.read(), "begin").at(-1);
  if (!isValid) await detachContainer({ services, target, journal }, signal);
  return begin;
}

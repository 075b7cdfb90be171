/** GC: removes what this node holds for attachments of this configuration that are no more. */

import type { DanmEp } from "../api/danm_ep.ts";
import { type GcRequest, VALID_KEYS, type ValidAttachment } from "../cni/request.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { configPart, type JournalName, parseJournalName } from "../host/journal/journal_path.ts";
import { listJournals } from "../host/journal/list_journals.ts";
import { readJournal } from "../host/journal/read_journal.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { readNamespaceIds } from "../link/namespace_id.ts";
import { type AttachmentEntry, interfaceNames, placeOf } from "./attachment_entry.ts";
import { joinFailures } from "./attempt.ts";
import { detachContainer } from "./detach_container.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { attachmentOf, endpointsOf, firstNameOf, listEndpoints } from "./endpoint.ts";
import { openAttachment, surroundingsOf } from "./journals.ts";
import type { NodeServices } from "./node_services.ts";
import { listNodeEndpoints } from "./node_endpoints.ts";
import { configuresAnother } from "./other_configurations.ts";
import { shareTime } from "./share_time.ts";

/** How many attachments are detached at once. */
const WIDTH = 8;

/** One attachment that may be garbage. */
interface Candidate extends JournalName {
  /** Its key. */
  readonly name: string;
  /** Where its interfaces are, as far as is known. */
  readonly netns: string;
  /** Its records in the cluster, for one without a journal. */
  readonly endpoints?: readonly DanmEp[];
}

/** What has been seen of the node, and what could not be. */
interface Sight {
  readonly candidates: readonly Candidate[];
  readonly failures: readonly unknown[];
}

/**
 * Detaches every attachment of this configuration and node that the runtime does not list as valid: those with a journal,
 * and those whose journal was lost but whose DanmEps name this node. They go in parallel, each with a share of the time, so
 * that one whose delegate hangs does not keep the others from being collected.
 *
 * @throws {CniError} `invalidConfig` when the runtime does not say what is valid
 * @throws {AggregateError} of all that could not be removed; the rest has been
 */
export async function collectGarbage(services: NodeServices, request: GcRequest, signal: AbortSignal): Promise<void> {
  const { validAttachments } = request;
  if (!validAttachments) throw unknownValidity();
  const recorded = await seeJournals(services);
  const unrecorded = await seeEndpoints(services, recorded, validAttachments, signal);
  const candidates = [...recorded.candidates, ...unrecorded.candidates];
  const garbage = await selectGarbage(services, request, validAttachments, candidates, signal);
  const outcomes = await shareTime(
    garbage.map((candidate) => (signal: AbortSignal) => collect(services, candidate, request.path, signal)),
    { width: WIDTH, seconds: services.config.timeout },
    signal,
  );
  const failures = [
    ...recorded.failures,
    ...unrecorded.failures,
    ...outcomes.flatMap((outcome, place) =>
      outcome.status === "rejected" ? [joinFailures([outcome.reason], `${describe(garbage[place]!)}:`)] : []
    ),
  ];
  if (failures.length > 0) throw joinFailures(failures, "Garbage could not be collected:");
}

function unknownValidity(): CniError {
  return new CniError(
    errorCode.invalidConfig,
    "Invalid network configuration",
    `${VALID_KEYS.join(" or ")} is missing, must list the attachments that still exist; an empty list means none`,
  );
}

function describe({ containerId, ifName }: Candidate): string {
  return `container ${containerId}${ifName === undefined ? "" : `, attachment ${ifName}`}`;
}

/** All attachments with a journal, of every configuration. */
async function seeJournals({ config }: NodeServices): Promise<Sight & { readonly hosts: ReadonlySet<string> }> {
  const candidates: Candidate[] = [];
  const failures: unknown[] = [];
  const hosts = new Set<string>();
  for (const name of await listJournals(config.stateDir)) {
    try {
      const entries = await readJournal<AttachmentEntry>(config.stateDir, name);
      const place = placeOf(entries);
      if (place?.host) hosts.add(place.host);
      // A journal in the first format does not have it in its name.
      const ifName = interfaceNames(entries).get(0);
      candidates.push({
        ...(ifName !== undefined && { ifName }),
        ...parseJournalName(name)!,
        name,
        netns: place?.netns ?? "",
      });
    } catch (error) {
      failures.push(error);
    }
  }
  return { candidates, failures, hosts };
}

/** All attachments of this node, of every configuration, that have DanmEps and no journal. */
async function seeEndpoints(
  services: NodeServices,
  { candidates, hosts }: Awaited<ReturnType<typeof seeJournals>>,
  valid: readonly ValidAttachment[],
  signal: AbortSignal,
): Promise<Sight> {
  const names = new Set(candidates.map(({ name }) => name));
  try {
    const endpoints = await listNodeEndpoints(services, hosts, valid, signal);
    const byName = Map.groupBy(endpoints, attachmentOf);
    const lost = [...byName].filter(([name]) => !names.has(name) && parseJournalName(name));
    return {
      candidates: lost.map(([name, own]) => {
        const first = firstNameOf(own);
        const { netns } = own[0]!.spec;
        return {
          ...(first !== undefined && { ifName: first }),
          ...parseJournalName(name)!,
          name,
          netns,
          endpoints: own,
        };
      }),
      failures: [],
    };
  } catch (error) {
    return { candidates: [], failures: [error] };
  }
}

/**
 * Those of this configuration that are not valid. Where it is not known whose an attachment is, as in the first format, it
 * is taken for this configuration's if the node has no other one, or nothing else can need it as its namespace is gone.
 */
async function selectGarbage(
  { config }: NodeServices,
  request: GcRequest,
  valid: readonly ValidAttachment[],
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<Candidate[]> {
  const own = configPart(config.name);
  const isValid = ({ containerId, ifName }: Candidate) =>
    valid.some((one) => one.containerId === containerId && (ifName === undefined || one.ifName === ifName));
  const suspects = candidates.filter((one) => (one.config ?? own) === own && !isValid(one));
  const unclear = suspects.filter(({ config }) => config === undefined);
  if (unclear.length === 0) return suspects;
  const hasOther = candidates.some((one) => (one.config ?? own) !== own) ||
    configuresAnother(await readFolder(config.cniDir, [".conf", ".conflist"]), request.config.type, config.name);
  if (!hasOther) return suspects;
  const paths = unclear.flatMap(({ netns }) => netns.startsWith("/") ? [netns] : []);
  const existing = await readNamespaceIds(paths, signal);
  return suspects.filter(({ config, netns }) => config !== undefined || !existing.has(netns));
}

async function collect(
  services: NodeServices,
  { name, containerId, ifName = "eth0", endpoints }: Candidate,
  path: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  // Its namespace is taken from its journal or DanmEps, as no runtime says.
  const args = new Map([["IgnoreUnknown", "1"]]);
  const call = { containerId, netns: "", ifName, args, path, attachment: name };
  const target = { ...call, ...surroundingsOf(services) };
  if (endpoints) {
    return await detachUnrecorded(services, target, endpointsOf(endpoints, parseJournalName(name)!), signal);
  }
  await using attachment = await openAttachment(services, target, name, signal);
  if (await detachContainer(attachment, signal)) return;
  await detachUnrecorded(services, target, await listEndpoints(services, undefined, target, signal), signal);
}

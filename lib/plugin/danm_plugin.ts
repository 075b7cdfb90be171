/** danm as a CNI plugin: one call from its request to its result. */

import { resourceFor } from "../api/resource.ts";
import type { Plugin } from "../cni/dispatch.ts";
import { previousResult } from "../cni/decode_result.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { mergeResults } from "../cni/merge_results.ts";
import type { AddRequest, CheckRequest, DelRequest, Request } from "../cni/request.ts";
import type { Result } from "../cni/result.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { MAX_CONTAINER_ID } from "../host/journal/journal_path.ts";
import { openLog } from "../host/serving/log.ts";
import { createBlockStore } from "../kube/blocks/block_store.ts";
import { attempt, joinFailures } from "./attempt.ts";
import type { Attachment } from "./attachment.ts";
import { entriesOf } from "./attachment_entry.ts";
import { attachContainer } from "./attach_container.ts";
import { checkContainer } from "./check_container.ts";
import { type ClusterAccess, ownAccess, type RememberedObjects } from "./access/cluster_access.ts";
import { collectGarbage } from "./collect_garbage.ts";
import { readDanmConfig } from "./danm_config.ts";
import { mayBeHeldByDead, takeBackDead } from "./dead_sandboxes.ts";
import { detachContainer, takeBack } from "./detach_container.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { listEndpoints } from "./endpoint.ts";
import { journalsOf, openAttachment, targetOf } from "./journals.ts";
import type { NodeServices } from "./node_services.ts";
import { noteUses } from "./access/noted_objects.ts";
import { podNamespace, readPodIdentity } from "./pod_identity.ts";
import { findNamespaceToClean } from "./pod_namespace.ts";
import { isOfStale } from "./access/stale_error.ts";
import { messageOf, toCniError } from "./to_cni_error.ts";
import { showsTraces } from "./trace_error.ts";
import { traced } from "./traced.ts";
import { withDeadline } from "./with_deadline.ts";

/** How long the undoing of a failed ADD may take, in seconds; what is left then is cleaned later. */
const UNDO_SECONDS = 10;

/** How long STATUS waits for the API server, in seconds: its caller only wants to know about now. */
const STATUS_SECONDS = 5;

type Work<R, T> = (services: NodeServices, request: R, signal: AbortSignal) => Promise<T>;

/** What a process lends to the calls it serves. */
export interface PluginSurroundings {
  /** How to get at the cluster. */
  readonly access?: ClusterAccess;
  /** Value of the environment variable CNI_CONF_DIR, if set. */
  readonly defaultCniDir?: string | undefined;
  /** Is given what delegates write to standard error; where absent it is this process's own. */
  readonly complain?: (text: string) => void;
  /** The mount namespace that delegates are run in, where that is not this process's own. */
  readonly mounts?: string;
  /** Does `work` when it is its turn among the calls of this process; absent where there is but one. */
  readonly inTurn?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** As {@linkcode NodeServices} has it. */
  readonly confirm?: () => Promise<void>;
  /** What is wrong with the agent of the node, so that the call is done here. */
  readonly trouble?: string;
}

/** The plugin. */
export function danmPlugin(surroundings: PluginSurroundings): Plugin {
  const serving =
    <R extends Exclude<Request, { command: "VERSION" }>, T>(work: Work<R, T>, atMostSeconds?: number) =>
    (request: R, signal: AbortSignal) => serve(request, work, surroundings, signal, atMostSeconds);
  return {
    add: serving(add),
    del: serving(del),
    check: serving(check),
    status: serving(status, STATUS_SECONDS),
    gc: serving(collectGarbage),
  };
}

/** In a chain, what the plugins before it made comes first: the result is of the whole up to here. */
async function add(services: NodeServices, request: AddRequest, signal: AbortSignal): Promise<Result> {
  const previous = previousResult(request.config);
  const result = await attach(services, request, previous, signal);
  return previous ? mergeResults([previous, result]) : result;
}

async function attach(
  services: NodeServices,
  request: AddRequest,
  previous: Result | undefined,
  signal: AbortSignal,
): Promise<Result> {
  const identity = readPodIdentity(request.args);
  const target = targetOf(services, checkedLength(request));
  const tried: Tried = { lost: false, dead: false };
  let remembered = services.remembered && noteUses(services.remembered);
  for (;;) {
    await using attachment = await openUnattached(knowing(services, remembered), target, signal);
    try {
      const result = await attachContainer(attachment, identity, previous, signal);
      await services.confirm?.(); // what nobody is told of, nobody would take back
      return result;
    } catch (error) {
      const failures: unknown[] = [error];
      // First, as this goes by records that go as well with what this attempt has made.
      const isStale = remembered && !signal.aborted &&
        (isOfStale(error) || await remembered.isOutdated(services, signal));
      if (isStale) remembered = undefined;
      const mayWorkNow = isStale || await attempt(failures, () => makeWay(attachment, error, tried, signal));
      await attempt(failures, () => withDeadline(UNDO_SECONDS, (signal) => takeBack(attachment, signal)));
      if (!mayWorkNow || failures.length > 1) throw joinFailures(failures);
    }
  }
}

/** What an ADD has done so far about what stood in its way. */
interface Tried {
  /** Whether an earlier attempt whose journal was lost was looked for. */
  lost: boolean;
  /** Whether the last look found sandboxes that were gone. */
  dead: boolean;
}

/** The same services, with just this memory of the cluster, if any. */
function knowing({ remembered: _, ...services }: NodeServices, remembered?: RememberedObjects): NodeServices {
  return { ...services, ...(remembered && { remembered }) };
}

/** Takes back what an earlier attempt, or a sandbox that is gone, left in the way; resolves to whether to try again. */
async function makeWay(attachment: Attachment, error: unknown, tried: Tried, signal: AbortSignal): Promise<boolean> {
  if (showsTraces(error) && !tried.lost) {
    tried.lost = true;
    return await detachLost(attachment, signal);
  }
  const begin = entriesOf(attachment.journal.read(), "begin").at(-1);
  if (begin === undefined || !mayBeHeldByDead(error, begin.pod.uid)) return false;
  // What one look found others may have taken, and left room for it before the next: so two must find nothing.
  const foundBefore = tried.dead;
  tried.dead = await takeBackDead(attachment, begin, signal);
  return tried.dead || foundBefore;
}

/** Owners of addresses hold the container ID, and they have a greatest length. */
function checkedLength(request: AddRequest): AddRequest {
  const { length } = request.containerId;
  if (length <= MAX_CONTAINER_ID) return request;
  throw new CniError(
    errorCode.invalidEnvironment,
    "Invalid environment variables",
    `CNI_CONTAINERID has ${length} characters, must have at most ${MAX_CONTAINER_ID}`,
  );
}

/** Takes back an earlier attempt whose journal was lost; resolves to whether there was one. */
async function detachLost({ services, target }: Attachment, signal: AbortSignal): Promise<boolean> {
  const endpoints = await listEndpoints(services, podNamespace(target), target, signal);
  await detachUnrecorded(services, target, endpoints, signal);
  return endpoints.length > 0;
}

/** The attachment with an empty journal, after what an earlier attempt for the same one left was taken back. */
async function openUnattached(
  services: NodeServices,
  target: DelegateTarget,
  signal: AbortSignal,
): Promise<Attachment & AsyncDisposable> {
  for (;;) {
    for (const name of await journalsOf(services, target)) {
      await using earlier = await openAttachment(services, target, name, signal);
      await detachContainer(earlier, signal);
    }
    const attachment = await openAttachment(services, target, target.attachment, signal);
    if (attachment.journal.read().length === 0) return attachment;
    await attachment[Symbol.asyncDispose](); // another call for the same attachment came in between
  }
}

async function del(services: NodeServices, request: DelRequest, signal: AbortSignal): Promise<void> {
  const target = targetOf(services, request);
  let isRecorded = false;
  for (const name of await journalsOf(services, target)) {
    await using attachment = await openAttachment(services, target, name, signal);
    isRecorded = await detachContainer(attachment, signal) || isRecorded;
  }
  if (isRecorded) return;
  await findNamespaceToClean(target.netns, { netns: "" }, signal); // the host's is refused, whatever there is to remove
  await detachUnrecorded(services, target, await endpointsAsFarAsKnown(services, target, signal), signal);
}

/**
 * This node has noted nothing about the container, so there is nothing to remove but what it may have forgotten. A cluster
 * that cannot be asked (no kubeconfig, a token that has expired, no answer) may stay so for ever, and with an error the
 * runtime would too: it would never be rid of the container. Should there be DanmEps, they are cleaner's when the Pod goes.
 */
async function endpointsAsFarAsKnown(
  services: NodeServices,
  target: DelegateTarget,
  signal: AbortSignal,
): ReturnType<typeof listEndpoints> {
  try {
    return await listEndpoints(services, podNamespace(target), target, signal);
  } catch (error) {
    services.log.write("warning", "took an unknown container for detached", { reason: messageOf(error) });
    return [];
  }
}

async function check(services: NodeServices, request: CheckRequest, signal: AbortSignal): Promise<void> {
  const target = targetOf(services, request);
  const name = (await journalsOf(services, target)).at(-1) ?? target.attachment;
  await using attachment = await openAttachment(services, target, name, signal);
  await checkContainer(attachment, signal);
}

async function status({ kube, config }: NodeServices, _request: unknown, signal: AbortSignal): Promise<void> {
  await kube.list(resourceFor("DanmEp", config.apiGroup), { limit: 1, metadataOnly: true, signal });
}

async function serve<R extends Exclude<Request, { command: "VERSION" }>, T>(
  request: R,
  work: Work<R, T>,
  { access = ownAccess, defaultCniDir, inTurn = (work) => work(), trouble, ...lent }: PluginSurroundings,
  parent: AbortSignal,
  atMostSeconds = Infinity,
): Promise<T> {
  const started = performance.now();
  const config = readDanmConfig(request.config, defaultCniDir);
  using log = openLog(config.logFile, config.logLevel, describeCall(request), lent.complain);
  if (trouble !== undefined) log.write("warning", "the node's agent cannot do it", { reason: trouble });
  const duration = () => ({ ms: Math.round(performance.now() - started) });
  try {
    using kube = access.open(config, request.command);
    const services: NodeServices = {
      config,
      kube,
      blocks: createBlockStore(kube, config.apiGroup),
      log,
      calledAt: started,
      ...(access.remembered && { remembered: access.remembered }),
      ...lent,
    };
    const seconds = Math.min(config.timeout, atMostSeconds);
    const result = await withDeadline(
      seconds,
      (signal) => inTurn(() => traced(services, "call", () => work(services, request, signal)), signal),
      parent,
    );
    log.write("info", "done", duration());
    return result;
  } catch (error) {
    log.write("error", messageOf(error), duration());
    throw toCniError(error, request.command);
  }
}

/** What every line of the log about this call has. */
function describeCall(request: Exclude<Request, { command: "VERSION" }>): Record<string, string> {
  const { command } = request;
  if (!("containerId" in request)) return { command };
  const [namespace, name] = [podNamespace(request), request.args.get("K8S_POD_NAME")];
  return { command, container: request.containerId, ...(namespace && name && { pod: `${namespace}/${name}` }) };
}

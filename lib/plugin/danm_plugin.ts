/** danm as a CNI plugin: one call from its request to its result. */

import { resourceFor } from "../api/resource.ts";
import type { Plugin } from "../cni/dispatch.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { AddRequest, CheckRequest, DelRequest, Request } from "../cni/request.ts";
import type { Result } from "../cni/result.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { openJournal } from "../host/attachment_journal.ts";
import { hasJournal } from "../host/list_journals.ts";
import { openLog } from "../host/log.ts";
import { createBlockStore } from "../kube/block_store.ts";
import { createClient } from "../kube/client.ts";
import { KubeUnreachableError } from "../kube/kube_error.ts";
import { loadKubeconfig } from "../kube/load_kubeconfig.ts";
import type { Attachment } from "./attachment.ts";
import type { AttachmentEntry } from "./attachment_entry.ts";
import { attachContainer } from "./attach_container.ts";
import { checkContainer } from "./check_container.ts";
import { collectGarbage } from "./collect_garbage.ts";
import { readDanmConfig } from "./danm_config.ts";
import { detachContainer } from "./detach_container.ts";
import { detachUnrecorded } from "./detach_unrecorded.ts";
import { listEndpoints } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
import { readPodIdentity } from "./pod_identity.ts";

/** How long the undoing of a failed ADD may take, in milliseconds; what is left then is cleaned later. */
const UNDO_MS = 10_000;

/** How long STATUS waits for the API server, in seconds: its caller only wants to know about now. */
const STATUS_SECONDS = 5;

type Work<R, T> = (services: NodeServices, request: R, signal: AbortSignal) => Promise<T>;

/**
 * The plugin.
 *
 * @param defaultCniDir value of the environment variable CNI_CONF_DIR, if set
 */
export function danmPlugin(defaultCniDir?: string): Plugin {
  const serving =
    <R extends Exclude<Request, { command: "VERSION" }>, T>(work: Work<R, T>, atMostSeconds?: number) => (request: R) =>
      serve(request, work, defaultCniDir, atMostSeconds);
  return {
    add: serving(add),
    del: serving(del),
    check: serving(check),
    status: serving(status, STATUS_SECONDS),
    gc: serving(collectGarbage),
  };
}

async function add(services: NodeServices, request: AddRequest, signal: AbortSignal): Promise<Result> {
  const identity = readPodIdentity(request.args);
  await using journal = await openEmptyJournal(services, request, signal);
  const attachment = { services, target: request, journal };
  try {
    return await attachContainer(attachment, identity, signal);
  } catch (error) {
    throw await undo(attachment, error);
  }
}

/** The container's journal, after what an earlier attempt for the same container left was taken back. */
async function openEmptyJournal(
  services: NodeServices,
  target: DelegateTarget,
  signal: AbortSignal,
): Promise<Attachment["journal"]> {
  for (;;) {
    const journal = await openJournal<AttachmentEntry>(services.config.stateDir, target.containerId, signal);
    if (journal.read().length === 0) return journal;
    await using _closed = journal; // a journal that was removed cannot be written again
    await detachContainer({ services, target, journal }, signal);
  }
}

/** Takes back a failed ADD; what could not be taken back is told as well, and stays in the journal. */
async function undo(attachment: Attachment, reason: unknown): Promise<unknown> {
  try {
    await detachContainer(attachment, AbortSignal.timeout(UNDO_MS));
    return reason;
  } catch (error) {
    return new AggregateError([reason, error], `${messageOf(reason)}\n${messageOf(error)}`);
  }
}

async function del(services: NodeServices, request: DelRequest, signal: AbortSignal): Promise<void> {
  if (await hasJournal(services.config.stateDir, request.containerId)) {
    await using journal = await openJournal<AttachmentEntry>(services.config.stateDir, request.containerId, signal);
    await detachContainer({ services, target: request, journal }, signal);
    return;
  }
  const namespace = request.args.get("K8S_POD_NAMESPACE");
  if (namespace === undefined) return;
  await Promise.all(
    (await endpointsIfReachable(services, namespace, request, signal))
      .map((endpoint) => detachUnrecorded(services, request, endpoint, signal)),
  );
}

/** Of a container this node never noted anything about, a cluster that is out of reach will hardly know more. */
async function endpointsIfReachable(
  services: NodeServices,
  namespace: string,
  { containerId }: DelRequest,
  signal: AbortSignal,
): ReturnType<typeof listEndpoints> {
  try {
    return await listEndpoints(services, namespace, containerId, signal);
  } catch (error) {
    if (error instanceof KubeUnreachableError) return [];
    throw error;
  }
}

async function check(services: NodeServices, request: CheckRequest, signal: AbortSignal): Promise<void> {
  await using journal = await openJournal<AttachmentEntry>(services.config.stateDir, request.containerId, signal);
  await checkContainer({ services, target: request, journal }, signal);
}

async function status({ kube, config }: NodeServices, _request: unknown, signal: AbortSignal): Promise<void> {
  try {
    await kube.list(resourceFor("DanmEp", config.apiGroup), { limit: 1, metadataOnly: true, signal });
  } catch (error) {
    throw new CniError(errorCode.notAvailable, "danm cannot serve ADD", messageOf(error));
  }
}

async function serve<R extends Exclude<Request, { command: "VERSION" }>, T>(
  request: R,
  work: Work<R, T>,
  defaultCniDir: string | undefined,
  atMostSeconds = Infinity,
): Promise<T> {
  const started = performance.now();
  const config = readDanmConfig(request.config, defaultCniDir);
  const call = "containerId" in request
    ? { command: request.command, container: request.containerId }
    : { command: request.command };
  using log = openLog(config.logFile, config.logLevel, call);
  const duration = () => ({ ms: Math.round(performance.now() - started) });
  try {
    using kube = createClient(loadKubeconfig(config.kubeconfig));
    const services = { config, kube, blocks: createBlockStore(kube, config.apiGroup), log };
    const seconds = Math.min(config.timeout, atMostSeconds);
    const result = await work(services, request, deadline(seconds));
    log.write("info", "done", duration());
    return result;
  } catch (error) {
    log.write("error", messageOf(error), duration());
    throw toCniError(error);
  }
}

/** Not by setTimeout: its first use loads all of Deno's timers, 8 ms of processor time in every call. */
function deadline(seconds: number): AbortSignal {
  const controller = new AbortController();
  AbortSignal.timeout(seconds * 1000).addEventListener("abort", () => {
    controller.abort(new Error(`the deadline of ${seconds} s has passed`));
  });
  return controller.signal;
}

/** A cluster that cannot be reached now may be later: the runtime is told to try again. */
function toCniError(error: unknown): CniError {
  if (error instanceof CniError) return error;
  const causes = error instanceof AggregateError ? error.errors : [error];
  const isPassing = causes.some((cause) => cause instanceof KubeUnreachableError);
  return new CniError(isPassing ? errorCode.tryAgainLater : errorCode.failed, messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** danm as a CNI plugin: one call from its request to its result. */

import type { Request } from "../cni/request.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import type { Plugin } from "../cni/dispatch.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { openJournal } from "../host/attachment_journal.ts";
import { hasJournal } from "../host/list_journals.ts";
import { type Log, openLog } from "../host/log.ts";
import { createBlockStore } from "../kube/block_store.ts";
import { createClient } from "../kube/client.ts";
import { KubeUnreachableError } from "../kube/kube_error.ts";
import { loadKubeconfig } from "../kube/load_kubeconfig.ts";
import type { Attachment } from "./attachment.ts";
import type { AttachmentEntry } from "./attachment_entry.ts";
import { attachContainer } from "./attach_container.ts";
import { type DanmConfig, readDanmConfig } from "./danm_config.ts";
import { detachContainer } from "./detach_container.ts";
import type { NodeServices } from "./node_services.ts";
import { readPodIdentity } from "./pod_identity.ts";

/** How long the undoing of a failed ADD may take, in milliseconds; what is left then is cleaned later. */
const UNDO_MS = 10_000;

/**
 * The plugin.
 *
 * @param defaultCniDir value of the environment variable CNI_CONF_DIR, if set
 */
export function danmPlugin(defaultCniDir?: string): Plugin {
  const serve = <T>(
    request: Exclude<Request, { command: "VERSION" }>,
    work: (services: NodeServices, log: Log, signal: AbortSignal) => Promise<T>,
  ) => serveCall(request, readDanmConfig(request.config, defaultCniDir), work);
  return {
    add: (request) =>
      serve(request, async (services, _log, signal) => {
        const identity = readPodIdentity(request.args);
        await using journal = await openEmptyJournal(services, request, signal);
        const attachment = { services, target: request, journal };
        try {
          return await attachContainer(attachment, identity, signal);
        } catch (error) {
          throw await undo(attachment, error);
        }
      }),
    del: (request) => serve(request, (services, _log, signal) => detach(services, request, signal)),
    check: () => Promise.resolve(),
  };
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

async function detach(services: NodeServices, target: DelegateTarget, signal: AbortSignal): Promise<void> {
  if (!await hasJournal(services.config.stateDir, target.containerId)) return;
  await using journal = await openJournal<AttachmentEntry>(services.config.stateDir, target.containerId, signal);
  await detachContainer({ services, target, journal }, signal);
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

async function serveCall<T>(
  request: Exclude<Request, { command: "VERSION" }>,
  config: DanmConfig,
  work: (services: NodeServices, log: Log, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const { command } = request;
  const call = "containerId" in request ? { command, container: request.containerId } : { command };
  using log = openLog(config.logFile, config.logLevel, call);
  const duration = () => ({ ms: Math.round(performance.now() - started) });
  try {
    using kube = createClient(loadKubeconfig(config.kubeconfig));
    const services = { config, kube, blocks: createBlockStore(kube, config.apiGroup) };
    const result = await withDeadline(config.timeout, (signal) => work(services, log, signal));
    log.write("info", "done", duration());
    return result;
  } catch (error) {
    log.write("error", messageOf(error), duration());
    throw toCniError(error);
  }
}

async function withDeadline<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`the deadline of ${seconds} s has passed`)),
    seconds * 1000,
  );
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
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

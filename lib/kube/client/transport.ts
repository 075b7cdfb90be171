import { type BearerSource, createBearerSource } from "../config/bearer_source.ts";
import { type Connection, openConnection } from "./connection.ts";
import { KubeError, KubeUnreachableError, type Status } from "./kube_error.ts";
import type { KubeConfig } from "../config/kubeconfig.ts";
import { startGrace } from "../../time/grace.ts";
import { pause } from "../../time/pause.ts";
import { PRODUCT_VERSION } from "../../api/product_version.ts";
import { type Repeatable, retryDelay } from "./retry_policy.ts";

/** One request to the API server, and what to make of a good answer. */
export interface KubeRequest<Answer> extends Repeatable {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly accept: string;
  readonly body?: { readonly type: string; readonly value: unknown };
  readonly signal: AbortSignal;
  /** Called before every attempt; what it throws is what the request rejects with. */
  readonly check?: () => void;
  readonly read: (response: Response) => Promise<Answer>;
}

/** Who asks, and how. */
export interface ClientOptions {
  /** The program, as audit logs and field managers name it; `danm`, the CNI plugin, when absent. */
  readonly program?: string;
  /**
   * How long the answer to a write that was sent is waited for after its signal has fired, in milliseconds; 0 when absent.
   * The server goes on with what it was sent, whoever breaks off: who takes back what was done so far must not look before
   * the last of it is done. A write that is answered then has succeeded.
   */
  readonly settleMs?: number;
  /** Opens the way to the API server; connections by the configuration when absent. */
  readonly connect?: () => Connection;
}

/** Sends requests over pooled connections and repeats those that may be repeated. */
export interface Transport extends Disposable {
  readonly server: string;
  /**
   * @throws {KubeError} the server's answer, when it is an error
   * @throws {KubeUnreachableError} when no answer came
   * @throws the signal's reason, when the caller cancelled (and it was not a deadline)
   */
  send<Answer>(request: KubeRequest<Answer>): Promise<Answer>;
}

/**
 * Opens the way to an API server; no connection is made before the first request.
 *
 * @throws {Error} when the certificates cannot be used
 */
export function createTransport(
  config: KubeConfig,
  { program = "danm", settleMs = 0, connect = () => openConnection(config) }: ClientOptions = {},
): Transport {
  const connection = connect();
  const bearer = createBearerSource(config.bearer, Deno.readTextFileSync, Date.now);
  const sender = { server: config.server, userAgent: `${program}/${PRODUCT_VERSION}`, connection, bearer };
  return {
    server: config.server,
    send: (request) =>
      sendWithRetries(request, async () => {
        using patience = createPatience(request, settleMs);
        return await sendOnce(sender, request, patience.signal);
      }, bearer),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

async function sendWithRetries<Answer>(
  request: KubeRequest<Answer>,
  send: () => Promise<Answer>,
  bearer: BearerSource,
): Promise<Answer> {
  for (let attempt = 1;; attempt++) {
    request.check?.();
    try {
      return await send();
    } catch (failure) {
      if (!(failure instanceof KubeError || failure instanceof KubeUnreachableError)) throw failure;
      if (failure instanceof KubeError && failure.status === 401 && bearer.refresh()) continue;
      const delay = retryDelay(failure, request, attempt, Math.random());
      if (delay === undefined) throw failure;
      await pause(delay, request.signal);
      if (request.signal.aborted) throw isDeadline(request.signal) ? failure : request.signal.reason;
    }
  }
}

interface Sender {
  readonly server: string;
  readonly userAgent: string;
  readonly connection: Connection;
  readonly bearer: BearerSource;
}

/** A signal that fires `settleMs` after that of `request`, if that is a write; dispose of it when there is an answer. */
function createPatience(
  { method, signal }: KubeRequest<unknown>,
  settleMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const isSent = method !== "GET" && !signal.aborted;
  return isSent && settleMs > 0 ? startGrace(signal, settleMs) : { signal, [Symbol.dispose]() {} };
}

/** @param patience fires when the answer is waited for no longer */
async function sendOnce<Answer>(
  { server, userAgent, connection, bearer }: Sender,
  request: KubeRequest<Answer>,
  patience: AbortSignal,
): Promise<Answer> {
  const token = bearer.current();
  const query = request.query?.size ? `?${request.query}` : "";
  try {
    const response = await connection.fetch(request.path + query, {
      method: request.method,
      headers: {
        accept: request.accept,
        "user-agent": userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(request.body && { "content-type": request.body.type }),
      },
      ...(request.body && { body: new TextEncoder().encode(JSON.stringify(request.body.value)) }),
      redirect: "manual",
      signal: patience,
    });
    if (!response.ok) throw await toKubeError(request, response);
    return await request.read(response);
  } catch (error) {
    throw toFailure(server, request.signal, error);
  }
}

async function toKubeError(request: KubeRequest<unknown>, response: Response): Promise<KubeError> {
  const text = await response.text();
  const { reason = "", message, details }: Status = parseStatus(text);
  const isNamed = response.status !== 404 || details?.name !== undefined;
  const retryAfterS = Number(response.headers.get("retry-after") ?? details?.retryAfterSeconds);
  return new KubeError(
    `${request.method} ${request.path}`,
    response.status,
    isNamed ? reason : "",
    message ?? (text.slice(0, 200).trim() || response.statusText),
    retryAfterS >= 0 ? retryAfterS * 1000 : undefined,
  );
}

/** A proxy in between answers in plain text or HTML, which is no Status. */
function parseStatus(text: string): Status {
  try {
    const status = JSON.parse(text);
    return status?.kind === "Status" ? status : {};
  } catch {
    return {};
  }
}

/** Gives what `fetch` throws its meaning; anything that is not about the network stays what it is. */
export function toFailure(server: string, signal: AbortSignal, error: unknown): unknown {
  if (error instanceof KubeError || error instanceof KubeUnreachableError) return error;
  if (signal.aborted) {
    if (!isDeadline(signal)) return signal.reason;
    return new KubeUnreachableError(server, "deadline", "no answer before the deadline", { cause: error });
  }
  if (error instanceof SyntaxError) {
    return new KubeUnreachableError(server, "lost", `the answer is not the API server's: ${error.message}`, {
      cause: error,
    });
  }
  if (!(error instanceof TypeError)) return error;
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  const connect = /client error \(Connect\): (.*)/s.exec(text)?.[1];
  if (connect === undefined) return new KubeUnreachableError(server, "lost", text, { cause: error });
  if (!connect.includes("invalid peer certificate")) {
    return new KubeUnreachableError(server, "connect", connect, { cause: error });
  }
  return new KubeUnreachableError(server, "certificate", connect + adviceFor(connect), { cause: error });
}

/** What to do about certificates that kubectl takes and this client does not: Deno cannot be told to. */
function adviceFor(complaint: string): string {
  if (complaint.includes("CaUsedAsEndEntity")) {
    return ": it is a certificate authority's own, must be one that the authority has signed for this server, or a " +
      "self-signed one without CA:TRUE";
  }
  if (complaint.includes("UnknownIssuer")) {
    return ": it must be signed by a certificate authority of the kubeconfig; naming the certificate itself there is " +
      "enough only if it is self-signed";
  }
  return "";
}

function isDeadline(signal: AbortSignal): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
}

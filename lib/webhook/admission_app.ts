/** The HTTP side of the webhook: paths, methods, sizes, deadlines. */

import { type Context, Hono } from "hono";
import type { Log } from "../host/serving/log.ts";
import { startDeadline } from "../time/deadline.ts";
import { promptBody } from "../kube/client/prompt_body.ts";
import {
  type AdmissionRequest,
  formatAdmissionReview,
  parseAdmissionReview,
  ReviewError,
  type Verdict,
} from "./admission_review.ts";
import { BodyError, type BodyLimits, readBody } from "./read_body.ts";
import { openReadingRoom } from "./reading_room.ts";

/** The largest object etcd takes is 1.5 MiB; an UPDATE carries it twice. */
export const BODY_LIMITS: BodyLimits = { maxBytes: 3 * 1024 * 1024, deadlineMs: 5000 };

/** Bytes that may be on their way at a time, as bodies announce them: the most memory that clients can fill. */
const MAX_READING = 16 * BODY_LIMITS.maxBytes;

/** How long a verdict may take when the API server names no limit, in milliseconds. */
const VERDICT_MS = 10_000;

/** What is left of the API server's patience to send the answer in, in milliseconds. */
const MARGIN_MS = 500;

/** Requests end by their own deadline; while the server stops they may go on. */
const NEVER = new AbortController().signal;

/** Judges one request; `signal` fires when nobody waits for the answer any more. */
export type Reviewer = (request: AdmissionRequest, signal: AbortSignal) => Promise<Verdict>;

/** What the application tells its surroundings. */
export interface AdmissionObserver {
  reviewed(path: string, request: AdmissionRequest, verdict: Verdict, ms: number): void;
}

export interface AdmissionAppOptions {
  /** By path, `/validate` for instance. */
  readonly reviewers: Readonly<Record<string, Reviewer>>;
  readonly log: Log;
  readonly observer: AdmissionObserver;
  readonly limits?: BodyLimits;
}

/** The application. It answers 404 and 405 for what it does not serve, 400, 408, 413 and 503 for what it cannot read. */
export function createAdmissionApp({ reviewers, log, observer, limits = BODY_LIMITS }: AdmissionAppOptions): Hono {
  const app = new Hono();
  const room = openReadingRoom(MAX_READING);

  async function readReview(request: Request, announced: string | undefined): Promise<AdmissionRequest> {
    using reading = room.enter(Math.min(Number(announced ?? limits.maxBytes), limits.maxBytes));
    return parseAdmissionReview(await readBody(request, limits, reading.signal));
  }

  async function answer(path: string, review: Reviewer, context: Context): Promise<Response> {
    const request = await readReview(context.req.raw, context.req.header("content-length"));
    const started = performance.now();
    using deadline = startDeadline(NEVER, patience(context.req.query("timeout")));
    const verdict = await review(request, deadline.signal).catch((reason) => {
      if (reason instanceof ReviewError) throw reason;
      log.write("error", "cannot judge", { path, kind: request.kind.kind, name: request.name, reason });
      return failure(reason);
    });
    observer.reviewed(path, request, verdict, performance.now() - started);
    const body = new TextEncoder().encode(JSON.stringify(formatAdmissionReview(request.uid, verdict)));
    return new Response(promptBody(body), { headers: { "content-type": "application/json" } });
  }

  for (const [path, review] of Object.entries(reviewers)) {
    app.post(path, (context) => answer(path, review, context));
    app.all(path, (context) => context.text("Cannot use this method: it must be POST\n", 405, { allow: "POST" }));
  }
  app.notFound((context) => context.text("not found\n", 404));
  app.onError((error, context) => {
    if (error instanceof BodyError) return context.text(`${error.message}\n`, error.status);
    if (error instanceof ReviewError) return context.text(`${error.message}\n`, 400);
    log.write("error", "cannot answer", { reason: error });
    return context.text("Cannot answer: a mistake of this program\n", 500);
  });
  return app;
}

/** How long to think about a request for which the API server waits `timeout`, e.g. `10s`; in milliseconds. */
function patience(timeout: string | undefined): number {
  const match = /^([0-9]{1,3})s$/.exec(timeout ?? "");
  return match ? Math.max(MARGIN_MS, Number(match[1]) * 1000 - MARGIN_MS) : VERDICT_MS;
}

function failure(reason: unknown): Verdict {
  const explanation = reason instanceof Error ? reason.message : String(reason);
  return { allowed: false, code: 500, reason: "InternalError", message: `Cannot judge the request: ${explanation}` };
}

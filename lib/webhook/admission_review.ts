/** What the API server asks of a webhook, and how it is answered. Source: Kubernetes API, admission.k8s.io/v1. */

import { Buffer } from "node:buffer";
import type { JsonPatchOperation } from "../kube/client/patch.ts";

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The request inside an AdmissionReview, as far as it matters here. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly name: string;
  readonly namespace?: string;
  readonly userInfo: UserInfo;
  /** As it is to be stored; absent for a DELETE. */
  readonly object?: unknown;
  /** As it is; absent for a CREATE. */
  readonly oldObject?: unknown;
  readonly dryRun: boolean;
}

/** The answer to a request. */
export type Verdict =
  | { readonly allowed: true; readonly warnings?: readonly string[]; readonly patch?: readonly JsonPatchOperation[] }
  | { readonly allowed: false; readonly code: number; readonly reason: string; readonly message: string };

/** Says yes. */
export const ALLOWED: Verdict = { allowed: true };

/** Says no, for a reason that is the user's to mend. */
export function denied(message: string): Verdict {
  return { allowed: false, code: 403, reason: "Forbidden", message };
}

/** A request that is no AdmissionReview that a webhook could answer. */
export class ReviewError extends Error {
  override readonly name = "ReviewError";
}

const API_VERSION = "admission.k8s.io/v1";
const OPERATIONS = ["CREATE", "UPDATE", "DELETE"] as const;

/**
 * Reads the body of a request.
 *
 * @throws {ReviewError}
 */
export function parseAdmissionReview(text: string): AdmissionRequest {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    throw new ReviewError("Cannot read the request: it must be JSON");
  }
  const { apiVersion, kind, request } = record("the request", review);
  if (apiVersion !== API_VERSION || kind !== "AdmissionReview") {
    throw new ReviewError(
      `Cannot read the request: it is ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)}, ` +
        `must be AdmissionReview of ${API_VERSION}`,
    );
  }
  const fields = record("request", request);
  const operation = OPERATIONS.find((known) => known === fields.operation);
  if (operation === undefined) {
    throw new ReviewError(
      `Cannot read the request: request.operation is ${JSON.stringify(fields.operation)}, must be one of ${OPERATIONS}`,
    );
  }
  const objectKind = record("request.kind", fields.kind);
  const userInfo = record("request.userInfo", fields.userInfo ?? {});
  return {
    uid: string("request.uid", fields.uid),
    kind: {
      group: string("request.kind.group", objectKind.group ?? ""),
      version: string("request.kind.version", objectKind.version),
      kind: string("request.kind.kind", objectKind.kind),
    },
    operation,
    name: string("request.name", fields.name ?? ""),
    ...(typeof fields.namespace === "string" && fields.namespace !== "" && { namespace: fields.namespace }),
    userInfo: { ...userInfo, username: string("request.userInfo.username", userInfo.username ?? "") },
    ...(operation !== "DELETE" && { object: object("request.object", fields.object) }),
    ...(operation !== "CREATE" && { oldObject: object("request.oldObject", fields.oldObject) }),
    dryRun: fields.dryRun === true,
  };
}

/** The AdmissionReview that answers the request `uid`. */
export function formatAdmissionReview(uid: string, verdict: Verdict): object {
  return { apiVersion: API_VERSION, kind: "AdmissionReview", response: { uid, ...responseOf(verdict) } };
}

function responseOf(verdict: Verdict): object {
  if (!verdict.allowed) {
    const { code, reason, message } = verdict;
    return { allowed: false, status: { code, reason, message } };
  }
  const { warnings = [], patch = [] } = verdict;
  return {
    allowed: true,
    ...(warnings.length > 0 && { warnings }),
    ...(patch.length > 0 &&
      { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function record(what: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ReviewError(`Cannot read the request: ${what} is ${typeof value}, must be an object`);
}

/** An object of the API: it has metadata, whatever else. */
function object(what: string, value: unknown): Fields {
  const fields = record(what, value);
  record(`${what}.metadata`, fields.metadata);
  return fields;
}

function string(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new ReviewError(`Cannot read the request: ${what} is ${typeof value}, must be text`);
}

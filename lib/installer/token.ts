/** danm's token: made by the API server for its service account, and told by its own text how old it is. */

import type { KubeClient } from "../kube/client/client.ts";

/** Whose token it is, and what it ends with. */
export interface TokenOwner {
  readonly namespace: string;
  /** Name of the service account. */
  readonly name: string;
  /** The token ends with the Node of this name, if given. */
  readonly nodeName: string | undefined;
}

/** A token is renewed when this part of its time has passed: what is left is for an API server out of reach. */
const RENEWED_AFTER = 1 / 3;

/**
 * A new token for danm. It is bound to the Node and not to a Pod, as the one is that kubelet gives to the installer: that
 * dies with its Pod, and danm has to go on when the installer is replaced or removed.
 * Source: Kubernetes API, authentication.k8s.io/v1 TokenRequest.
 */
export async function requestToken(
  kube: KubeClient,
  { namespace, name, nodeName }: TokenOwner,
  expirationSeconds: number,
  signal: AbortSignal,
): Promise<string> {
  const boundObjectRef = nodeName === undefined ? undefined : { apiVersion: "v1", kind: "Node", name: nodeName };
  const request = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds, boundObjectRef },
  };
  const account = { group: "", version: "v1", plural: "serviceaccounts", namespace, name, subresource: "token" };
  const { status } = await kube.create<{ status: { token: string } }>(account, request, { signal, idempotent: true });
  return status.token;
}

/**
 * When a token must be renewed, in milliseconds since the epoch; undefined for a text that does not say how long it is
 * valid. Reads the claims without proving them: the API server does. Source: RFC 7519 §4.1, `iat` and `exp`.
 */
export function renewalTime(token: string): number | undefined {
  const claims = readClaims(token);
  if (typeof claims?.iat !== "number" || typeof claims.exp !== "number") return undefined;
  return 1000 * (claims.iat + (claims.exp - claims.iat) * RENEWED_AFTER);
}

function readClaims(token: string): { readonly iat?: unknown; readonly exp?: unknown } | undefined {
  try {
    const claims: unknown = JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")));
    return typeof claims === "object" && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

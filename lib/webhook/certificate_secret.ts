/** Certificates in a Secret, which all replicas share. */

import { Buffer } from "node:buffer";
import type { KubeObject } from "../api/kube_object.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../kube/client/kube_error.ts";
import { serverTime } from "../kube/client/server_time.ts";
import { CERTIFICATE_TERMS, type CertificateTerms } from "./certificate_plan.ts";
import { type Certificates, renewCertificates } from "./certificates.ts";

/** Where the Secret is. */
export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

type Secret = KubeObject<"Secret", { readonly data?: Readonly<Record<string, string>> }>;

const SECRETS = { group: "", version: "v1", plural: "secrets" };

const KEYS = {
  authoritiesPem: "ca.crt",
  authorityKeyPem: "ca.key",
  certPem: "tls.crt",
  keyPem: "tls.key",
} as const satisfies Record<keyof Certificates, string>;

/**
 * The certificates in use: those of the Secret, renewed and written back if it is time. Of several replicas that do so at
 * once one succeeds, and the others take what it wrote. It is the API server's clock that says when it is time: replicas
 * whose own clocks differ would renew each other's certificates for ever, and what one makes with a clock that is ahead
 * nobody could use yet.
 *
 * @param previous what this replica used before: put back when somebody has emptied or deleted the Secret
 */
export async function currentCertificates(
  kube: KubeClient,
  place: SecretPlace,
  names: readonly string[],
  previous: Certificates | undefined,
  signal: AbortSignal,
  terms: CertificateTerms = CERTIFICATE_TERMS,
): Promise<Certificates> {
  for (;;) {
    const secret = await readSecret(kube, place, signal);
    const stored = secret && certificatesOf(secret);
    const known = stored ?? previous;
    const renewed = await renewCertificates(known, names, await serverTime(kube, signal), terms);
    const wanted = renewed ?? known;
    if (wanted === undefined || wanted === stored) return wanted!;
    if (await writeSecret(kube, place, secret, wanted, signal)) return wanted;
  }
}

async function readSecret(kube: KubeClient, place: SecretPlace, signal: AbortSignal): Promise<Secret | undefined> {
  try {
    return await kube.get<Secret>({ ...SECRETS, ...place }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether it was written; false when another replica was faster. */
async function writeSecret(
  kube: KubeClient,
  { namespace, name }: SecretPlace,
  secret: Secret | undefined,
  certificates: Certificates,
  signal: AbortSignal,
): Promise<boolean> {
  const data = Object.fromEntries(
    Object.entries(KEYS).map(([field, key]) => [key, toBase64(certificates[field as keyof Certificates])]),
  );
  try {
    if (secret === undefined) {
      await kube.create({ ...SECRETS, namespace }, { metadata: { name }, type: "Opaque", data }, { signal });
    } else {
      const body = { metadata: { resourceVersion: secret.metadata.resourceVersion }, data };
      await kube.patch({ ...SECRETS, namespace, name }, { type: "merge", body }, { signal });
    }
    return true;
  } catch (error) {
    if (isAlreadyExists(error) || isConflict(error)) return false;
    throw error;
  }
}

function certificatesOf({ data = {} }: Secret): Certificates | undefined {
  const fields = Object.entries(KEYS).map(([field, key]) => [field, fromBase64(data[key] ?? "")] as const);
  return fields.every(([, text]) => text !== "") ? Object.fromEntries(fields) as unknown as Certificates : undefined;
}

function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString();
}

/** Keeps certificate and registration of the webhook as they must be. */

import type { ApiGroup } from "../api/resource.ts";
import type { Log } from "../host/serving/log.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { pause } from "../time/pause.ts";
import { type Certificates } from "./certificates.ts";
import { currentCertificates, type SecretPlace } from "./certificate_secret.ts";
import { type Endpoint, registrations } from "./registration.ts";
import type { ServingPair, TlsFront } from "./tls_front.ts";

/** Where the certificate comes from: files that somebody else renews, or a Secret that the webhook renews. */
export type CertificateSource =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly secret: SecretPlace; readonly names: readonly string[] };

export interface KeepRegisteredOptions {
  readonly kube: KubeClient;
  readonly group: ApiGroup;
  readonly log: Log;
  readonly front: TlsFront;
  readonly source: CertificateSource;
  /** Where to register; not at all when absent. */
  readonly endpoint: Endpoint | undefined;
  /** Told after every successful look. */
  readonly succeeded: () => void;
}

/** How often to look, in milliseconds: much less than a new authority is given to settle. */
const LOOK_MS = 10_000;

const PLURALS = {
  MutatingWebhookConfiguration: "mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration: "validatingwebhookconfigurations",
} as const;

/**
 * Looks at certificate and registration until `signal` fires. The certificate is in use before the API server is told to
 * call, so that it never calls in vain; an authority is registered before a certificate of it is used, as
 * `planCertificates()` sees to. Failures are logged and tried again.
 */
export async function keepRegistered(options: KeepRegisteredOptions, signal: AbortSignal): Promise<void> {
  const { log, front, source, endpoint, succeeded } = options;
  let used: ServingPair | undefined;
  let certificates: Certificates | undefined;
  while (!signal.aborted) {
    try {
      let pair: ServingPair;
      if ("certFile" in source) {
        pair = await readFiles(source.certFile, source.keyFile);
      } else {
        certificates = await currentCertificates(options.kube, source.secret, source.names, certificates, signal);
        pair = certificates;
      }
      if (pair.certPem !== used?.certPem || pair.keyPem !== used.keyPem) {
        front.use(pair);
        log.write("info", used === undefined ? "serving" : "serving with a new certificate", { ...front.address });
        used = pair;
      }
      if (endpoint) await register(options, endpoint, certificates?.authoritiesPem, signal);
      succeeded();
    } catch (reason) {
      if (signal.aborted) return;
      log.write("error", "cannot keep certificate and registration", { reason });
    }
    await pause(LOOK_MS, signal);
  }
}

async function readFiles(certFile: string, keyFile: string): Promise<ServingPair> {
  const [certPem, keyPem] = await Promise.all([Deno.readTextFile(certFile), Deno.readTextFile(keyFile)]);
  return { certPem, keyPem };
}

async function register(
  { kube, group }: KeepRegisteredOptions,
  endpoint: Endpoint,
  authoritiesPem: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const body of registrations(endpoint, group, authoritiesPem)) {
    const plural = PLURALS[body.kind as keyof typeof PLURALS];
    const ref = { group: "admissionregistration.k8s.io", version: "v1", plural, name: body.metadata.name };
    const patch = { type: "apply", body, fieldManager: "danm-webhook", force: true } as const;
    await kube.patch(ref, patch, { signal, idempotent: true });
  }
}

/** Serves the webhook, and keeps its certificate and registration as they must be. */

import type { ApiGroup } from "../api/resource.ts";
import type { Log } from "../host/serving/log.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { pause } from "../time/pause.ts";
import { type Certificates } from "./certificates.ts";
import { currentCertificates, type SecretPlace } from "./certificate_secret.ts";
import { keepRegistration } from "./keep_registration.ts";
import { type Endpoint, registrations } from "./registration.ts";
import { ListenError, type ServingPair, type TlsFront } from "./tls_front.ts";

/** Where the certificate comes from: files that somebody else renews, or a Secret that the webhook renews. */
export type CertificateSource =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly secret: SecretPlace; readonly names: readonly string[] };

export interface KeepRegisteredOptions {
  readonly kube: KubeClient;
  readonly group: ApiGroup;
  readonly log: Log;
  /** Begins to serve, with the first certificate. */
  readonly open: (pair: ServingPair) => Promise<TlsFront>;
  readonly source: CertificateSource;
  /** Where to register; not at all when absent. */
  readonly endpoint: Endpoint | undefined;
  /** Told after every successful look. */
  readonly succeeded: () => void;
  /** Resolves when it may stop serving although `signal` has fired. */
  readonly drained: () => Promise<void>;
}

/** How often to look, in milliseconds: much less than a new authority is given to settle. */
const LOOK_MS = 10_000;

/**
 * Looks at certificate and registration until `signal` fires. The certificate is in use before the API server is told to
 * call, so that it never calls in vain; an authority is registered before a certificate of it is used, as
 * `planCertificates()` sees to. Failures are logged and tried again.
 *
 * @throws {ListenError}
 */
export async function keepRegistered(options: KeepRegisteredOptions, signal: AbortSignal): Promise<void> {
  const { log, open, source, endpoint, succeeded } = options;
  await using served = new AsyncDisposableStack();
  let front: TlsFront | undefined;
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
        if (front === undefined) front = served.use(await open(pair));
        else front.use(pair);
        log.write("info", used === undefined ? "serving" : "serving with a new certificate", { ...front.address });
        used = pair;
      }
      if (endpoint) {
        const wanted = registrations(endpoint, options.group, certificates?.authoritiesPem);
        await Promise.all(wanted.map((one) => keepRegistration(options.kube, one, signal)));
      }
      succeeded();
    } catch (reason) {
      if (signal.aborted) break;
      if (reason instanceof ListenError) throw reason;
      log.write("error", "cannot keep certificate and registration", { reason });
    }
    await pause(LOOK_MS, signal);
  }
  if (front !== undefined) await options.drained();
}

async function readFiles(certFile: string, keyFile: string): Promise<ServingPair> {
  const [certPem, keyPem] = await Promise.all([Deno.readTextFile(certFile), Deno.readTextFile(keyFile)]);
  return { certPem, keyPem };
}

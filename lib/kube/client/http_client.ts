/** The connections of this process, which nobody but the kubeconfig has a say in. */

import type { KubeConfig } from "../config/kubeconfig.ts";
import { readSystemCertificates } from "../config/system_certificates.ts";

/**
 * What Deno would go by: certificates to trust beside those it is told, and proxies. A runtime hands its own environment to
 * plugins, and what is there was meant for the images it pulls. Source: Deno's docs, "Environment variables".
 */
const IGNORED = [
  "DENO_CERT",
  "NODE_EXTRA_CA_CERTS",
  ...["ALL", "HTTP", "HTTPS", "NO"].flatMap((scheme) => [`${scheme}_PROXY`, `${scheme.toLowerCase()}_proxy`]),
];

/** Names the stores of certificates that Deno adds to those it is told, `mozilla` when unset: none. */
const STORES = "DENO_TLS_CA_STORE";

/** Deno reads these variables when a client is made, and at the first TLS handshake; later is too late. */
function ignoreEnvironment(): void {
  for (const name of IGNORED) Deno.env.delete(name);
  Deno.env.set(STORES, "");
}

/**
 * A client for the API server of `config`, whose certificate must be signed by the authority there, and by no other.
 *
 * @throws {Error} when the certificates cannot be used
 */
export function createHttpClient({ server, caPem, clientCertificate }: KubeConfig): Deno.HttpClient {
  ignoreEnvironment();
  const { certPem: cert, keyPem: key } = clientCertificate ?? {};
  const caCerts = server.startsWith("https:") ? [caPem ?? readSystemCertificates()] : [];
  try {
    if (cert !== undefined && key !== undefined) checkPair(cert, key);
    return Deno.createHttpClient({ caCerts, ...(cert !== undefined && key !== undefined && { cert, key }) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot use the client certificate for API server ${server}: ${reason}`);
  }
}

/**
 * Deno 2.9.4 ends the process at a key that is not the certificate's. The module is taken where it is needed, and not by
 * an import, which costs danm 20 ms although it mostly has a token.
 *
 * @throws {Error} when it is not, or either cannot be read
 */
function checkPair(certPem: string, keyPem: string): void {
  const { createPrivateKey, X509Certificate } = globalThis.process.getBuiltinModule("node:crypto");
  if (new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))) return;
  throw new Error("the key is another one's, must be the certificate's");
}

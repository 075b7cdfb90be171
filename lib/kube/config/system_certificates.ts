/** Where systems keep the certificates that all their programs trust. Source: Go, crypto/x509/root_linux.go, as kubectl. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
  "/etc/ssl/cert.pem",
];

/**
 * The certificates that this system trusts, in PEM: for a kubeconfig that names none.
 *
 * @throws {Error} when there are none
 */
export function readSystemCertificates(): string {
  for (const path of BUNDLES) {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(
    "Cannot trust any API server: the kubeconfig has no certificate-authority and this system no certificates, must be " +
      `in one of ${BUNDLES.join(", ")}`,
  );
}

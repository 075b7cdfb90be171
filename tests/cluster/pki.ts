import "reflect-metadata"; // the X.509 library needs it
import * as x509 from "@peculiar/x509";

/** A certificate and its private key (PKCS #8), both in PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Whom a certificate is for, in Kubernetes' reading: user name and groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** An own certificate authority, which can be stored as a key pair and opened again. */
export interface Authority extends KeyPair {
  /** A certificate for a server that is reached under `names`: IP addresses or DNS names. */
  issueServer(names: readonly string[]): Promise<KeyPair>;
  issueClient(subject: Subject): Promise<KeyPair>;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const CA_NAME = "CN=danm-test-ca";

/** Makes a new authority. */
export async function createAuthority(): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: CA_NAME,
    ...validity(),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return authority(
    { certPem: certificate.toString("pem"), keyPem: await privatePem(keys.privateKey) },
    keys.privateKey,
  );
}

/** Opens an authority made before. */
export async function openAuthority(pair: KeyPair): Promise<Authority> {
  const der = x509.PemConverter.decodeFirst(pair.keyPem);
  return authority(pair, await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]));
}

/** The key pair that service account tokens are signed with: private and public key in PEM. */
export async function createSigningKeys(): Promise<{ readonly privatePem: string; readonly publicPem: string }> {
  const keys = await generateKeys();
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  return { privatePem: await privatePem(keys.privateKey), publicPem: x509.PemConverter.encode(spki, "PUBLIC KEY") };
}

function authority(pair: KeyPair, signingKey: CryptoKey): Authority {
  async function issue(subject: x509.JsonName, usage: string, names: x509.JsonGeneralName[]): Promise<KeyPair> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      issuer: CA_NAME,
      ...validity(),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certPem: certificate.toString("pem"), keyPem: await privatePem(keys.privateKey) };
  }
  return {
    ...pair,
    issueServer: (names) => issue([{ CN: ["server"] }], x509.ExtendedKeyUsage.serverAuth, names.map(generalName)),
    issueClient: ({ commonName, organizations = [] }) =>
      issue(
        [{ CN: [commonName] }, ...organizations.map((organization) => ({ O: [organization] }))],
        x509.ExtendedKeyUsage.clientAuth,
        [],
      ),
  };
}

function generalName(name: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$|:/.test(name) ? "ip" : "dns", value: name };
}

function validity(): { notBefore: Date; notAfter: Date } {
  const minuteMs = 60_000;
  return { notBefore: new Date(Date.now() - minuteMs), notAfter: new Date(Date.now() + 30 * 24 * 60 * minuteMs) };
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function privatePem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

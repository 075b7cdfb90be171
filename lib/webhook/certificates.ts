/** The webhook's own authority and serving certificate. */

import "reflect-metadata"; // the X.509 library needs it
import * as x509 from "@peculiar/x509";
import { type CertificateState, type CertificateTerms, planCertificates, type Validity } from "./certificate_plan.ts";
import type { ServingPair } from "./tls_front.ts";

/** All that replicas share, in PEM. */
export interface Certificates extends ServingPair {
  /** The authorities to trust, the one that signs first. */
  readonly authoritiesPem: string;
  readonly authorityKeyPem: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/**
 * What `current` has to be replaced by; undefined when it can stay. Certificates that cannot be read count as absent.
 *
 * @param names DNS names and IP addresses under which the webhook is reached
 */
export async function renewCertificates(
  current: Certificates | undefined,
  names: readonly string[],
  now: Date,
  terms: CertificateTerms,
): Promise<Certificates | undefined> {
  const known = await read(current, names);
  const plan = planCertificates(known.state, now.getTime(), terms);
  if (!plan.authority && !plan.serving) return undefined;
  const trusted = known.trusted.filter(({ notAfter }) => notAfter > now);
  const signer = plan.authority || known.signer === undefined ? await createAuthority(now, terms) : known.signer;
  const authorities = plan.authority ? [signer.certificate, ...trusted] : trusted;
  const serving = plan.serving || current === undefined ? await issue(signer, names, now, terms) : current;
  return {
    authoritiesPem: authorities.map((certificate) => `${certificate.toString("pem")}\n`).join(""),
    authorityKeyPem: signer.keyPem,
    certPem: serving.certPem,
    keyPem: serving.keyPem,
  };
}

interface Signer {
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
  readonly keyPem: string;
}

interface Known {
  readonly state: CertificateState;
  readonly trusted: readonly x509.X509Certificate[];
  readonly signer?: Signer;
}

async function read(current: Certificates | undefined, names: readonly string[]): Promise<Known> {
  if (current === undefined) return { state: {}, trusted: [] };
  try {
    const trusted = x509.PemConverter.decode(current.authoritiesPem).map((raw) => new x509.X509Certificate(raw));
    const [certificate] = trusted;
    if (certificate === undefined) return { state: {}, trusted: [] };
    const keyPem = current.authorityKeyPem;
    const key = await crypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(keyPem), ALGORITHM, false, [
      "sign",
    ]);
    const serving = readServing(current, certificate, names);
    return { state: { authority: validityOf(certificate), serving }, trusted, signer: { certificate, key, keyPem } };
  } catch {
    return { state: {}, trusted: [] }; // damaged by hand: to be made anew as a whole
  }
}

function readServing(
  { certPem }: Certificates,
  authority: x509.X509Certificate,
  names: readonly string[],
): CertificateState["serving"] {
  const certificate = new x509.X509Certificate(x509.PemConverter.decodeFirst(certPem));
  const own = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  if (!names.every((name) => own.some(({ value }) => value === name))) return undefined;
  return { ...validityOf(certificate), isSignedByAuthority: certificate.issuer === authority.subject };
}

function validityOf({ notBefore, notAfter }: x509.X509Certificate): Validity {
  return { notBefore: notBefore.getTime(), notAfter: notAfter.getTime() };
}

async function createAuthority(now: Date, { authorityMs, backdateMs }: CertificateTerms): Promise<Signer> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=danm-webhook-ca-${crypto.randomUUID()}`, // two authorities of one name could not be told apart
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(now.getTime() + authorityMs),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate, key: keys.privateKey, keyPem: await privatePem(keys.privateKey) };
}

async function issue(
  { certificate: authority, key }: Signer,
  names: readonly string[],
  now: Date,
  { servingMs, backdateMs }: CertificateTerms,
): Promise<ServingPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=danm-webhook",
    issuer: authority.subject,
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(Math.min(now.getTime() + servingMs, authority.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(generalName)),
    ],
  });
  return { certPem: `${certificate.toString("pem")}\n`, keyPem: await privatePem(keys.privateKey) };
}

function generalName(name: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$|:/.test(name) ? "ip" : "dns", value: name };
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function privatePem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

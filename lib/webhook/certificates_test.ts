import "reflect-metadata"; // the X.509 library needs it
import * as x509 from "@peculiar/x509";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CERTIFICATE_TERMS, type CertificateTerms, planCertificates } from "./certificate_plan.ts";
import { type Certificates, renewCertificates } from "./certificates.ts";

const TERMS: CertificateTerms = { authorityMs: 9000, servingMs: 3000, settleMs: 100, backdateMs: 0 };
const NAMES = ["danm-webhook.kube-system.svc", "127.0.0.1", "2001:db8::1"];
const renew = (current: Certificates | undefined, at: number, names = NAMES) =>
  renewCertificates(current, names, new Date(at * 1000), {
    ...TERMS,
    authorityMs: 9_000_000,
    servingMs: 3_000_000,
    settleMs: 100_000,
  });

function authorities({ authoritiesPem }: Certificates): x509.X509Certificate[] {
  return x509.PemConverter.decode(authoritiesPem).map((raw) => new x509.X509Certificate(raw));
}

/** Whether a client that trusts `trusted` trusts the certificate of `served`. */
async function trusts(trusted: Certificates, served: Certificates): Promise<boolean> {
  const certificate = new x509.X509Certificate(served.certPem);
  const issuer = authorities(trusted).find(({ subject }) => subject === certificate.issuer);
  return issuer !== undefined && await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true });
}

Deno.test("planCertificates() makes what is missing, renews with a third left, and lets authorities settle", () => {
  const authority = { notBefore: 0, notAfter: 9000 };
  const serving = { notBefore: 0, notAfter: 3000, isSignedByAuthority: true };
  const plan = (state: Parameters<typeof planCertificates>[0], now: number) => {
    const { authority, serving } = planCertificates(state, now, TERMS);
    return `${authority ? "authority" : ""} ${serving ? "serving" : ""}`.trim();
  };
  assertEquals(plan({}, 0), "authority serving");
  assertEquals(plan({ authority }, 0), "serving");
  assertEquals(plan({ authority, serving }, 1999), "");
  assertEquals(plan({ authority, serving }, 2001), "serving");
  assertEquals(plan({ authority, serving: { ...serving, notBefore: 5000, notAfter: 9000 } }, 6001), "authority");
  const fresh = { notBefore: 6000, notAfter: 15_000 };
  const old = { notBefore: 5000, notAfter: 9000, isSignedByAuthority: false };
  assertEquals(plan({ authority: fresh, serving: old }, 6050), "", "the new authority is not known to all yet");
  assertEquals(plan({ authority: fresh, serving: old }, 6100), "serving");
  assertEquals(
    plan({ authority: fresh, serving: { ...old, notAfter: 6000 } }, 6050),
    "serving",
    "nothing works anyway",
  );
  assertEquals(CERTIFICATE_TERMS.settleMs > 60_000, true);
});

Deno.test("renewCertificates() makes certificates for all names, and leaves alone what is good", async () => {
  const made = (await renew(undefined, 0))!;
  assertEquals(await renew(made, 1), undefined);
  const certificate = new x509.X509Certificate(made.certPem);
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)!.names.toJSON().map(({ value }) =>
    value
  );
  assertEquals(names, NAMES);
  assertEquals(await trusts(made, made), true);
});

Deno.test("renewCertificates() goes from one authority to the next so that whoever lags behind is trusted", async () => {
  const steps = [(await renew(undefined, 0))!];
  for (let at = 0; at <= 30_000; at += 50) {
    const next = await renew(steps.at(-1), at);
    if (next) steps.push(next);
  }
  assert(steps.length > 10);
  for (const [index, step] of steps.entries()) {
    const before = steps[Math.max(0, index - 1)]!;
    assertEquals([await trusts(step, step), await trusts(step, before), await trusts(before, step)], [
      true,
      true,
      true,
    ]);
    assert(authorities(step).length <= 2);
  }
  assertNotEquals(authorities(steps[0]!)[0]!.subject, authorities(steps.at(-1)!)[0]!.subject);
});

Deno.test("renewCertificates() makes a new serving certificate for other names, and everything anew when it is damaged", async () => {
  const made = (await renew(undefined, 0))!;
  const moved = await renew(made, 200, ["other.svc"]);
  assertEquals(moved?.authoritiesPem, made.authoritiesPem);
  assertNotEquals(moved?.certPem, made.certPem);
  for (const damage of [{ authorityKeyPem: "x" }, { authoritiesPem: "" }, { certPem: "x" }]) {
    const mended = (await renew({ ...made, ...damage }, 1))!;
    assertEquals(await trusts(mended, mended), true);
  }
});

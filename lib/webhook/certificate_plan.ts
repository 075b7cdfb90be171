/** When certificates are made anew. */

/** A certificate's time, in milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What there is. */
export interface CertificateState {
  /** The authority whose key is known: the one that signs. */
  readonly authority?: Validity | undefined;
  /** The serving certificate, if it can be used for all names it must have. */
  readonly serving?: (Validity & { readonly isSignedByAuthority: boolean }) | undefined;
}

/** How long things last, in milliseconds. */
export interface CertificateTerms {
  readonly authorityMs: number;
  readonly servingMs: number;
  /** Until everybody trusts a new authority: replicas publish it, API servers take note. */
  readonly settleMs: number;
  /** How far clocks may be apart. */
  readonly backdateMs: number;
}

const DAY_MS = 24 * 60 * 60_000;

/** The terms of the webhook's own certificates. */
export const CERTIFICATE_TERMS: CertificateTerms = {
  authorityMs: 730 * DAY_MS,
  servingMs: 90 * DAY_MS,
  settleMs: 10 * 60_000,
  backdateMs: 5 * 60_000,
};

/** What is to be made. */
export interface CertificatePlan {
  readonly authority: boolean;
  readonly serving: boolean;
}

/**
 * Plans the next step. Both are renewed when a third of their time is left. A new authority is trusted for a while,
 * beside the old one, before it signs: otherwise an API server could meet a certificate of an authority that it has not
 * heard of. Only where no serving certificate works anyway, there is nothing to wait for.
 */
export function planCertificates(
  { authority, serving }: CertificateState,
  now: number,
  { settleMs, backdateMs }: CertificateTerms,
): CertificatePlan {
  const makeAuthority = authority === undefined || isAging(authority, now);
  const isUsable = serving !== undefined && serving.notBefore <= now && now < serving.notAfter;
  if (!isUsable) return { authority: makeAuthority, serving: true };
  if (makeAuthority) return { authority: true, serving: false };
  const isSettled = now - authority.notBefore - backdateMs >= settleMs;
  return { authority: false, serving: isSettled && (!serving.isSignedByAuthority || isAging(serving, now)) };
}

function isAging({ notBefore, notAfter }: Validity, now: number): boolean {
  return now > notAfter - (notAfter - notBefore) / 3;
}

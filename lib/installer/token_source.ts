import { renewalTime } from "./token.ts";

/** Where a token for danm comes from that is good. */
export interface TokenSource {
  /** The one in use, as long as it is neither old nor in doubt; else a new one, for which `seconds` are asked. */
  get(seconds: number, signal: AbortSignal): Promise<string>;
  /** Tells that danm has worked with the token that `get()` gave last. Without that it is in doubt. */
  proved(): void;
}

/** How long the same new token is given, although nothing has worked with it: there are other reasons for that. */
const NEW_MS = 60_000;

/**
 * @param current reads the token in use, if any
 * @param request makes a new one
 * @param now milliseconds since the epoch
 */
export function createTokenSource(
  current: () => Promise<string | undefined>,
  request: (seconds: number, signal: AbortSignal) => Promise<string>,
  now: () => number = Date.now,
): TokenSource {
  let isGood = true;
  let latest: { readonly token: string; readonly at: number } | undefined;
  return {
    async get(seconds, signal) {
      const token = await current();
      const isKept = isGood && token !== undefined && now() < (renewalTime(token) ?? -Infinity);
      isGood = false;
      if (isKept) return token;
      if (latest === undefined || now() - latest.at >= NEW_MS) {
        latest = { token: await request(seconds, signal), at: now() };
      }
      return latest.token;
    },
    proved() {
      isGood = true;
      latest = undefined;
    },
  };
}

import type { Bearer, ReadText } from "./kubeconfig.ts";

/** The current bearer token. */
export interface BearerSource {
  /** The token to send; `undefined` when there is none to send. */
  current(): string | undefined;
  /** Reads a token file again. Whether that gave another token than the one `current()` gave before. */
  refresh(): boolean;
}

/** Kubelet replaces a token long before it expires, so a copy this old still works. */
const MAX_AGE_MS = 60_000;

/** Keeps a bearer token current: one from a file is read again every minute, and when the server refuses it. */
export function createBearerSource(bearer: Bearer | undefined, read: ReadText, now: () => number): BearerSource {
  if (bearer === undefined || "token" in bearer) {
    return { current: () => bearer?.token, refresh: () => false };
  }
  const { tokenFile } = bearer;
  let token: string | undefined;
  let readAt = -Infinity;
  function refresh(): boolean {
    const before = token;
    token = readToken(tokenFile, read);
    readAt = now();
    return token !== before;
  }
  return {
    current() {
      if (token === undefined || now() - readAt >= MAX_AGE_MS) refresh();
      return token;
    },
    refresh,
  };
}

function readToken(tokenFile: string, read: ReadText): string {
  const token = read(tokenFile).trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`Cannot use token file ${tokenFile}: it must hold one token`);
  return token;
}

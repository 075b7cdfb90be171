/** The programs that `make build` makes where it cannot make binaries: a bundle headed by two lines for sh. */

import { shellWord } from "./shell_word.ts";

/** How the second line of a launcher starts its bundle. */
export interface Launch {
  /** The `deno` program it names. */
  readonly deno: string;
  /** The words between that and the bundle, as sh reads them: a command and permission flags. */
  readonly words: string;
}

const WORD = String.raw`(?:[\w@%+=:,./-]|'[^']*'|\\')+`;
const SECOND_LINE = new RegExp(
  String.raw`^#!/bin/sh\n":" //; DENO_DIR=${WORD} DENO_NO_UPDATE_CHECK=1 exec (${WORD})((?: ${WORD})*) "\$0" "\$@"\n`,
);

/** Reads the head of a launcher; undefined when the text is none. */
export function parseLauncher(text: string): Launch | undefined {
  const [, deno, words] = SECOND_LINE.exec(text) ?? [];
  if (deno === undefined || words === undefined) return undefined;
  return { deno: unquote(deno), words: words.trim() };
}

/**
 * A launcher that is all by itself: it starts `bundle`, a file of its own, so that it is the same program to its end even
 * when it is replaced while it runs.
 *
 * @param cache folder for compiled code
 */
export function launchScript({ deno, words }: Launch, bundle: string, cache: string): string {
  const environment = `DENO_DIR=${shellWord(cache)} DENO_NO_UPDATE_CHECK=1`;
  return `#!/bin/sh\n${environment} exec ${shellWord(deno)} ${words} ${shellWord(bundle)} "$@"\n`;
}

/**
 * A script that is the binary at `path`.
 *
 * @param cache folder for compiled code, which only root may write: whoever writes there has root run it
 */
export function binaryScript(path: string, cache: string): string {
  return `#!/bin/sh\nTMPDIR=${shellWord(cache)} exec ${shellWord(path)} "$@"\n`;
}

function unquote(word: string): string {
  return word.replace(/'([^']*)'|\\(')/g, "$1$2");
}

import { shellWord } from "../../lib/installer/shell_word.ts";

/** Where a launcher finds what it does not carry. Absolute paths. */
export interface LauncherRuntime {
  /** The `deno` program. */
  readonly deno: string;
  /** Folder for compiled code, which saves a third of the start-up time; need not exist nor be writable. */
  readonly cache: string;
}

/**
 * One executable file from a bundled program: sh runs its second line, where JavaScript sees a string and a comment.
 * It depends on nothing but the runtime: neither on the environment nor on the working directory, nor does it ask.
 *
 * @param flags of `deno run`, permissions above all
 */
export function launcher(bundle: string, flags: readonly string[], runtime: LauncherRuntime): string {
  const run = ["run", "--no-config", "--no-lock", "--cached-only", "--no-prompt", "--ext=js", ...flags];
  const command = [runtime.deno, ...run].map(shellWord).join(" ");
  const environment = `DENO_DIR=${shellWord(runtime.cache)} DENO_NO_UPDATE_CHECK=1`;
  return `#!/bin/sh\n":" //; ${environment} exec ${command} "$0" "$@"\n${bundle}`;
}

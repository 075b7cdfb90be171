/** Running fakeipam as a process, as delegates do. */

import { fromFileUrl } from "@std/path/posix";
import { variableNames } from "../../lib/cni/variable_names.ts";

const main = fromFileUrl(new URL("../../cmd/fakeipam/main.ts", import.meta.url));
const config = fromFileUrl(new URL("../../deno.json", import.meta.url));

/** The command line, with all that fakeipam may do: read the variables of the protocol. */
export const fakeipamCommand: readonly [program: string, ...args: string[]] = [
  Deno.execPath(),
  "run",
  `--config=${config}`,
  "--cached-only",
  "--no-prompt",
  `--allow-env=${variableNames.join(",")}`,
  main,
];

/** What Deno itself needs to find its cache, and fakeipam is not allowed to see. */
export function denoEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ["DENO_DIR", "HOME"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Writes an executable file `fakeipam` into `folder`, for plugins that look for it in CNI_PATH. */
export async function writeFakeipam(folder: string): Promise<void> {
  const environment = Object.entries(denoEnvironment()).map(([name, value]) => `${name}=${shellQuoted(value)}`);
  const command = [...environment, "exec", ...fakeipamCommand.map(shellQuoted), '"$@"'].join(" ");
  await Deno.writeTextFile(`${folder}/fakeipam`, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

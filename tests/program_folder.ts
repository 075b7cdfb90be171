import { fromFileUrl } from "@std/path/posix";

/** Names the kind of programs that are tested: `launchers`, or binaries when it is not set. */
export const KIND = "DANM_KIND";

/** The kinds of programs that `make build` makes on request, each in a folder of its own. */
const FOLDERS: Readonly<Record<string, string>> = { launchers: "bin/launchers" };

/** Where `make build` put the programs that are to be tested; its folder `node` has what the installer puts on a node. */
export const PROGRAM_FOLDER = fromFileUrl(new URL(`../${programFolder(Deno.env.get(KIND))}`, import.meta.url));

function programFolder(kind: string | undefined): string {
  const folder = kind === undefined ? "bin" : FOLDERS[kind];
  if (folder === undefined) throw new Error(`Cannot test ${kind}: ${KIND} must be one of ${Object.keys(FOLDERS)}`);
  return folder;
}

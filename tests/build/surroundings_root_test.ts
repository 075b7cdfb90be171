/** The programs that `make build` made, where what a program usually finds is missing. */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { shellWord } from "../../lib/installer/shell_word.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { runTool } from "./run_deno.ts";

const PROJECT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
const PROGRAMS = ["cleaner", "danm", "fakeipam", "installer", "kubectl-danm", "netwatcher", "svcwatcher", "webhook"];
const PLUGINS = ["danm", "fakeipam", "node/danm", "node/fakeipam"];

/** Becomes "$@" with a /tmp that has nothing but this project and the caches, should they be there. */
function emptyTmp(option: string): string {
  const folders = [PROJECT, cacheFolder()].map(shellWord).join(" ");
  const keep = `for folder in ${folders}; do mkdir -p "/mnt$folder"; mount --bind "$folder" "/mnt$folder"; done`;
  const put = `for folder in ${folders}; do mkdir -p "$folder"; mount --bind "/mnt$folder" "$folder"; done`;
  return `mount -t tmpfs none /mnt; ${keep}; mount -t tmpfs none /tmp; ${put}; mount -o remount,${option} /tmp; exec "$@"`;
}

/** Each is a script for sh(1) in a mount namespace of its own, which ends by becoming the program: "$@". */
const SURROUNDINGS: Readonly<Record<string, string>> = {
  "an empty environment": 'exec env -i $VARIABLES "$@"',
  "no PATH": 'exec env --unset=PATH "$@"',
  "a PATH that leads nowhere": 'exec env PATH=/nowhere "$@"',
  "no HOME": 'exec env --unset=HOME "$@"',
  "a HOME that does not exist": 'exec env HOME=/nowhere "$@"',
  "another working directory": 'cd /sys && exec "$@"',
  "a root that is only to be read": 'mount --rbind / / && mount -o remount,bind,ro / && exec "$@"',
  "a /tmp that cannot be written": emptyTmp("ro"),
  "a /tmp that nothing can be executed in": emptyTmp("noexec"),
  "a TMPDIR that does not exist": 'exec env TMPDIR=/nowhere "$@"',
  "a TMPDIR that cannot be written": 'exec env TMPDIR=/sys "$@"',
};

for (const [surroundings, script] of Object.entries(SURROUNDINGS)) {
  Deno.test(`every program starts with ${surroundings}`, async () => {
    const start = async (name: string, VARIABLES: string, ...args: string[]) => {
      const command = ["--mount", "sh", "-ec", script, "sh", `${PROGRAM_FOLDER}/${name}`, ...args];
      const [variable, value] = VARIABLES.split("=") as [string, string];
      const { success, stdout, stderr } = await runTool("unshare", command, { VARIABLES, [variable]: value });
      assertEquals([success, stderr], [true, ""], name);
      return stdout;
    };
    for (const name of PROGRAMS) assertEquals(await start(name, "A=B", "--version"), `${name} ${PRODUCT_VERSION}\n`);
    for (const name of PLUGINS) assertMatch(await start(name, "CNI_COMMAND=VERSION"), /"supportedVersions":\[/, name);
  });
}

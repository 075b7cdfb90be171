/** The binaries that `make build` made, on an old Debian that has nothing but the libraries which they are linked to. */

import { assertEquals, assertMatch } from "@std/assert";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { runTool } from "./run_deno.ts";
import { setUp } from "./set_up.ts";

const { path: root, reason } = await setUp("old");
if (root === undefined) throw new Error(`Cannot test on an old system: ${reason}`);

/** For sh(1) in a mount namespace of its own: /proc, which the runtime asks for its own path, and the program. */
const SCRIPT = `
mount -t tmpfs none "$ROOT/tmp"
mount -t proc none "$ROOT/proc"
cp "$1" "$ROOT/tmp/program"
shift
exec env -i CNI_COMMAND=VERSION "$(command -v chroot)" "$ROOT" /tmp/program "$@"`;

async function run(name: string, ...args: string[]): Promise<string> {
  const command = ["--mount", "sh", "-ec", SCRIPT, "sh", `${PROGRAM_FOLDER}/${name}`, ...args];
  const { stdout, stderr } = await runTool("unshare", command, { ROOT: root! });
  assertEquals(stderr, "", name);
  return stdout;
}

Deno.test("binaries run on an old system that has nothing but glibc and libgcc_s", async () => {
  for (const name of ["cleaner", "installer", "kubectl-danm", "netwatcher", "svcwatcher", "webhook"]) {
    assertMatch(await run(name, "--version"), RegExp(`^${name} [0-9.]+\n$`));
  }
  for (const name of ["danm", "fakeipam"]) assertMatch(await run(name), /"supportedVersions":\[/, name);
});

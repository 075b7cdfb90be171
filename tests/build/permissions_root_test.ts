/** What each program that `make build` made may not do: a probe with the permissions that were found in it tries it. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import config from "../../deno.json" with { type: "json" };
import { parseLauncher } from "../../lib/installer/launcher.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { findRuntime } from "./find_runtime.ts";
import { permissionFlags, type PermissionSet } from "./permission_flags.ts";
import { mustRunDeno, runTool } from "./run_deno.ts";

const PROBE = fromFileUrl(new URL("testdata/probe.js", import.meta.url));

/** Enough for the two lines that head a launcher. */
const HEAD_BYTES = 16_384;

/** All that is tried. */
const TRIALS = [
  "env:HOME",
  "env:CNI_COMMAND",
  "env:KUBERNETES_SERVICE_HOST",
  "ffi:/lib/x86_64-linux-gnu/libc.so.6",
  "listen:0",
  "read:/etc/hostname",
  "read:/etc/shadow",
  "read:/root/.ssh/id",
  "run:/bin/true",
  "run:/usr/bin/setsid",
  "sys:hostname",
  "sys:osRelease",
  "write:/etc/danm-probe",
  "write:/opt/cni/bin/danm-probe",
  "write:/usr/bin/danm-probe",
  "write:/var/danm-probe",
];

/** Written down once more, so that a permission becomes wider only where somebody says so twice. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  cleaner: ["env:KUBERNETES_SERVICE_HOST", "listen:0", "read:/etc/hostname", "sys:hostname"],
  danm: [
    "env:CNI_COMMAND",
    "listen:0",
    "read:/etc/hostname",
    "run:/bin/true",
    "run:/usr/bin/setsid",
    "sys:hostname",
    "write:/var/danm-probe",
  ],
  fakeipam: ["env:CNI_COMMAND"],
  installer: [
    "env:KUBERNETES_SERVICE_HOST",
    "listen:0",
    "read:/etc/hostname",
    "run:/usr/bin/setsid",
    "sys:hostname",
    "write:/etc/danm-probe",
    "write:/opt/cni/bin/danm-probe",
    "write:/usr/bin/danm-probe",
    "write:/var/danm-probe",
  ],
  // A kubeconfig may name any program as the source of its credentials, and that goes by any variable.
  "kubectl-danm": [
    "env:HOME",
    "env:CNI_COMMAND",
    "env:KUBERNETES_SERVICE_HOST",
    "listen:0",
    "read:/etc/hostname",
    "run:/bin/true",
    "run:/usr/bin/setsid",
    "sys:hostname",
  ],
  netwatcher: [
    "env:KUBERNETES_SERVICE_HOST",
    "listen:0",
    "read:/etc/hostname",
    "run:/usr/bin/setsid",
    "sys:hostname",
    "write:/var/danm-probe",
  ],
  svcwatcher: ["env:KUBERNETES_SERVICE_HOST", "listen:0", "read:/etc/hostname", "sys:hostname"],
  webhook: ["env:KUBERNETES_SERVICE_HOST", "listen:0", "read:/etc/hostname", "sys:hostname"],
};

const PROGRAMS = [...Object.keys(MAY), "node/danm", "node/fakeipam"];

for (const name of PROGRAMS) {
  Deno.test(`${name} is refused all that it does not need`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const probe = await makeProbe(`${PROGRAM_FOLDER}/${name}`, name.replace("node/", ""), folder);
      const { stdout, stderr } = await runTool(probe, TRIALS);
      const expected = TRIALS.filter((trial) => !MAY[name.replace("node/", "")]?.includes(trial));
      assertEquals(stdout === "" ? stderr : JSON.parse(stdout), expected);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** A program that is PROBE with the permissions of `program`. Resolves to its path. */
async function makeProbe(program: string, component: string, folder: string): Promise<string> {
  const probe = `${folder}/probe`;
  const head = await headOf(program);
  if (parseLauncher(head) !== undefined) {
    const [first, second] = head.split("\n");
    await Deno.writeTextFile(probe, `${first}\n${second}\n${await Deno.readTextFile(PROBE)}`, { mode: 0o755 });
    return probe;
  }
  const runtime = await findRuntime(Deno.env.get("DENORT_BIN"));
  if (!("path" in runtime)) throw new Error(`Cannot make a probe: ${runtime.reasons.join("; ")}`);
  const sets: Readonly<Record<string, PermissionSet>> = config.permissions;
  const flags = permissionFlags(component, sets[component]);
  const options = ["--no-config", "--no-check", "--no-prompt", ...flags, `--output=${probe}`];
  await mustRunDeno(["compile", ...options, PROBE], { DENORT_BIN: runtime.path });
  assertEquals(await permissionsIn(program), await permissionsIn(probe), "the probe must have those of the program");
  return probe;
}

async function headOf(path: string): Promise<string> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(HEAD_BYTES);
  return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes) ?? 0));
}

/** The permissions in a binary, as `deno compile` writes them into it. */
async function permissionsIn(path: string): Promise<unknown> {
  const found = await runTool("grep", ["--text", "--only-matching", "--max-count=1", '"permissions":{[^}]*}', path]);
  return JSON.parse(`{${found.stdout}}`);
}

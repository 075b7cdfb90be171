import { fromFileUrl } from "@std/path/posix";
import { type DaemonProcess, spawnDaemon } from "../runtime/daemon_process.ts";

/** Runs the example daemon with the permissions that a daemon has. */
export function copycatCommand(args: readonly string[], stdout: "piped" | "null" = "piped"): Deno.Command {
  const path = (file: string) => fromFileUrl(new URL(file, import.meta.url));
  const permissions = ["--allow-net", "--allow-read", "--allow-env", "--allow-sys=hostname", "--no-prompt"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", path("../../deno.json"), ...permissions, path("copycat.ts"), ...args],
    stdin: "null",
    stdout,
    stderr: "piped",
  });
}

/** Starts the example daemon, on a free port unless `args` say otherwise. */
export function spawnCopycat(args: readonly string[]): DaemonProcess {
  return spawnDaemon(copycatCommand(["--metrics-address=127.0.0.1:0", ...args], "null"));
}

/** Ends a process and all that it started. */
import { pause } from "../time/pause.ts";
import { findProgram } from "./find_program.ts";

/** Killed processes that this one did not start are reaped by PID 1: how long it is given, and how often to look. */
const REAP_MS = 200;
const LOOK_MS = 2;

/**
 * Kills `child` and the process group it leads with SIGKILL, reaps `child`, and waits until the kernel knows no process
 * of that group any more; not for long, as a PID 1 that reaps nothing keeps the dead for ever.
 *
 * The child comes first: it cannot start anything after that, not even become a leader.
 */
export async function killGroup(child: Deno.ChildProcess): Promise<void> {
  const status = child.status;
  killChild(child);
  const isLed = signalGroup(child.pid, "-KILL");
  await status;
  for (const start = performance.now(); isLed && performance.now() - start < REAP_MS; await pause(LOOK_MS)) {
    if (!signalGroup(child.pid, "-0")) return;
  }
}

/**
 * Whether there was a process in the group.
 *
 * Not asynchronous: as long as this process has not reaped the leader, nobody else can get its number.
 */
function signalGroup(leader: number, signal: "-KILL" | "-0"): boolean {
  try {
    Deno.kill(-leader, signal === "-KILL" ? "SIGKILL" : 0);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotCapable) return signalByProgram(leader, signal);
    throw error;
  }
}

/** Under `--allow-run` with a list Deno may signal no group; a shell can, and setsid(1), which is listed, becomes one. */
function signalByProgram(leader: number, signal: "-KILL" | "-0"): boolean {
  const args = ["sh", "-c", 'kill "$1" "-$2" 2>/dev/null', "sh", signal, `${leader}`];
  return new Deno.Command(findProgram("setsid"), { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync()
    .success;
}

/** Kills `child` with SIGKILL, unless it has ended by itself. */
export function killChild(child: Pick<Deno.ChildProcess, "kill">): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error; // it has ended
  }
}

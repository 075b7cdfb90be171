/** Ends a process and all that it started. */
import { pause } from "./pause.ts";

/** Killed processes that this one did not start are reaped by PID 1: how long it is given, and how often to look. */
const REAP_MS = 200;
const LOOK_MS = 2;

/**
 * Kills the process group that `child` leads with SIGKILL, reaps `child`, and waits until the kernel knows no process
 * of that group any more; not for long, as a PID 1 that reaps nothing keeps the dead for ever.
 *
 * Under `--allow-run` with a list Deno may signal no group: only `child` is killed then.
 */
export async function killGroup(child: Deno.ChildProcess): Promise<void> {
  const isGroup = signalGroup(child, "SIGKILL");
  await child.status;
  for (const start = performance.now(); isGroup && performance.now() - start < REAP_MS;) {
    if (!signalGroup(child, 0)) return;
    await pause(LOOK_MS);
  }
}

/** Whether a process of the group was there to get the signal. */
function signalGroup(child: Deno.ChildProcess, signal: Deno.Signal | 0): boolean {
  try {
    Deno.kill(-child.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    child.kill("SIGKILL");
    return false;
  }
}

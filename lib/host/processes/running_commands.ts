import { join } from "@std/path/posix";

/**
 * The command lines of all processes that the proc file system at `proc` shows, their words joined by blanks.
 * Source: proc(5), /proc/pid/cmdline.
 */
export async function runningCommands(proc: string): Promise<string[]> {
  const commands: string[] = [];
  for await (const { name } of Deno.readDir(proc)) {
    if (/^[0-9]+$/.test(name)) commands.push(await readCommand(join(proc, name, "cmdline")));
  }
  return commands.filter((command) => command !== "");
}

async function readCommand(path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).replaceAll("\0", " ").trim();
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === "ENOENT" || code === "ESRCH") return ""; // the process has ended
    throw error;
  }
}

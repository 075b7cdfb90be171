import { dirname, join } from "@std/path/posix";
import { ROOT, runTool } from "./run_deno.ts";

/** Where something is in the cache, or why it cannot be had. */
export interface SetUp {
  readonly path?: string;
  readonly reason: string;
}

/** Has setup.sh put `what` into the cache. */
export async function setUp(...what: readonly string[]): Promise<SetUp> {
  const env = { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}` };
  const { success, stdout, stderr } = await runTool(join(ROOT, "tests/build/setup.sh"), what, env);
  const lines = (text: string) => text.trim().split("\n");
  if (success) return { path: lines(stdout).at(-1)!, reason: "" };
  return { reason: lines(stderr).at(-1)!.replace(/^setup: /, "") };
}

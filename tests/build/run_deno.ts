import { fromFileUrl } from "@std/path/posix";

/** The root of the tree. */
export const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** For one program that a build runs; a network that swallows packets must not hang the build. */
const DEADLINE_MS = 300_000;

/** What a program that a build ran ended with. */
export interface BuildOutput {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the root of the tree to its end. */
export async function runTool(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BuildOutput> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const command = new Deno.Command(program, {
    args: [...args],
    signal,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  return { success, stdout: out, stderr: signal.aborted ? `no end within ${DEADLINE_MS / 1000} s` : complaint };
}

/** Runs this Deno to its end. */
export async function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BuildOutput> {
  return await runTool(Deno.execPath(), args, env);
}

/** Runs this Deno, which must succeed. */
export async function mustRunDeno(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { success, stdout, stderr } = await runDeno(args, env);
  if (!success) throw new Error(`Cannot build: deno ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

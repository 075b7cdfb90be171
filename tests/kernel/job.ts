import { shellWord } from "../../lib/installer/shell_word.ts";
import { removeIfThere } from "../../lib/host/files/remove_path.ts";
import type { ControlPort } from "./control_port.ts";

/** How a command runs in a machine. */
export interface ExecOptions {
  /** What it reads; nothing unless given. */
  readonly stdin?: string | Uint8Array;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, which must exist in the machine; this process's unless given. */
  readonly cwd?: string;
  /** Kills the command and all its processes when it fires. */
  readonly signal?: AbortSignal;
  /** Gets the output as it comes. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  readonly onStderr?: (chunk: Uint8Array) => void;
}

/** What a command that ended left. */
export interface ExecResult {
  /** Exit code, 128 + signal for a command that was killed, 127 for one that does not exist. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command as the job whose folder on the host is `folder`, which it makes and removes.
 *
 * @param port leads to the machine that sees the same folder
 * @throws the reason of `options.signal`, once the command has been killed
 */
export async function runJob(
  port: ControlPort,
  folder: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  port.check();
  const job = folder.slice(folder.lastIndexOf("/") + 1);
  await Deno.mkdir(folder);
  await Promise.all([
    Deno.writeTextFile(`${folder}/script`, script(command, options)),
    typeof options.stdin === "string"
      ? Deno.writeTextFile(`${folder}/stdin`, options.stdin)
      : Deno.writeFile(`${folder}/stdin`, options.stdin ?? new Uint8Array()),
  ]);
  // Opened now because the folder is gone as soon as the machine is, maybe before the last words of a job are read.
  using stdoutFile = await Deno.create(`${folder}/stdout`);
  using stderrFile = await Deno.create(`${folder}/stderr`);
  const kill = () => port.kill(job);
  signal?.addEventListener("abort", kill);
  const ended = port.run(job).finally(() => signal?.removeEventListener("abort", kill));
  if (signal?.aborted) kill();
  const [code] = await Promise.all([
    ended,
    follow(`${folder}/stdout`, options.onStdout, ended),
    follow(`${folder}/stderr`, options.onStderr, ended),
  ]);
  const [stdout, stderr] = await Promise.all(
    [stdoutFile, stderrFile].map((file) => new Response(file.readable).text()),
  );
  await removeIfThere(folder);
  signal?.throwIfAborted();
  return { code, stdout: stdout!, stderr: stderr! };
}

/** The agent's shell ignores signals that a command expects to work. */
function script(command: readonly string[], { cwd = Deno.cwd(), env = {} }: ExecOptions): string {
  const settings = Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  return `${settings.join("")}cd ${shellWord(cwd)} && exec env --default-signal ${command.map(shellWord).join(" ")}\n`;
}

/** Hands on what is appended to the file until `ended` settles. */
async function follow(path: string, sink: ((chunk: Uint8Array) => void) | undefined, ended: Promise<unknown>) {
  if (!sink) return;
  using file = await Deno.open(path);
  const watcher = Deno.watchFs(path);
  const drain = async () => {
    const chunk = new Uint8Array(65_536);
    for (let size; (size = await file.read(chunk)) !== null;) sink(chunk.slice(0, size));
  };
  const close = () => watcher.close();
  void ended.then(close, close);
  for await (const _ of watcher) await drain();
  await drain();
}

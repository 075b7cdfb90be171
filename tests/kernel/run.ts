/**
 * Runs a command of this host in a machine with a real Debian kernel, in the same folder:
 * `deno run -A tests/kernel/run.ts [--memory=2G] [--cpus=2] [--forward=PORT]... -- COMMAND [ARG...]`.
 * Ends with its exit code. What it writes goes with the machine. `--forward` lends it the server on 127.0.0.1:PORT.
 */
import { parseArgs } from "node:util";
import { type MachineOptions, startVirtualMachine } from "./virtual_machine.ts";
import { writeAll } from "../../lib/host/files/write_all.ts";

const USAGE = "usage: run.ts [--memory=SIZE] [--cpus=COUNT] [--forward=PORT]... -- COMMAND [ARG...]";

/** @throws {Error} with the usage, for arguments that do not fit it */
export function readArguments(args: readonly string[]): { options: MachineOptions; command: string[] } {
  const split = args.indexOf("--");
  const command = args.slice(split + 1);
  if (split < 0 || command.length === 0) fail("a command must follow --");
  const { memory, cpus, forward } = parseOptions(args.slice(0, split));
  const forwards = forward.map(number).map((port) => ({ guestPort: port, hostPort: port }));
  return { options: { memory, cpus: number(cpus), forward: forwards }, command };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        memory: { type: "string", default: "2G" },
        cpus: { type: "string", default: "2" },
        forward: { type: "string", multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function number(text: string): number {
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : fail(`${text} is not a number from 1`);
}

function fail(reason: string): never {
  throw new Error(`Cannot run in a virtual machine: ${reason}\n${USAGE}`);
}

async function run(args: string[]): Promise<number> {
  const { options, command } = readArguments(args);
  await using machine = await startVirtualMachine(options);
  const { code } = await machine.exec(command, {
    onStdout: (chunk) => writeAll(Deno.stdout, chunk),
    onStderr: (chunk) => writeAll(Deno.stderr, chunk),
  });
  return code;
}

if (import.meta.main) Deno.exit(await run(Deno.args));

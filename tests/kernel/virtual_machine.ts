/** Virtual machines that run a real Debian kernel on the files of this host. `setup.sh` prepares them. */

import { shellWord } from "../../lib/installer/shell_word.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { type Forward, type NetworkCard, networkScript } from "./guest_network.ts";
import { type ExecOptions, type ExecResult, runJob } from "./job.ts";
import { findKernel, type Kernel } from "./kernel.ts";
import { MachineError, type MachineProcess, startMachineProcess } from "./machine_process.ts";
import { qemuCommand, type Share, shareScript } from "./qemu_command.ts";

export interface MachineOptions {
  /** As qemu(1) takes it; `2G` unless given. All that the machine writes outside shares is in it. */
  readonly memory?: string;
  /** 2 unless given. */
  readonly cpus?: number;
  /** Its name; this host's unless given. */
  readonly hostname?: string;
  /** Environment of every command, besides what of this process's says where programs and caches are. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders that the machine writes for others to see. Otherwise it reads this host's files and writes copies. */
  readonly shares?: readonly Share[];
  /** A file that is its disk, `/dev/vda`; none unless given. */
  readonly disk?: string;
  /** Network cards on taps of this host. Without any, the machine has a loopback link alone. */
  readonly networks?: readonly NetworkCard[];
  /** Servers on this host's loopback address that the machine finds on its own. */
  readonly forward?: readonly Forward[];
  /** Cancels the start. */
  readonly signal?: AbortSignal;
}

/** A running machine. It never outlives this process; disposing of it stops it. */
export interface VirtualMachine extends AsyncDisposable {
  /**
   * Runs a command as root. Several may run at once.
   *
   * @throws {MachineError} when the machine is lost before the command has ended
   */
  exec(command: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Asks all processes to end, then powers off. May be repeated. */
  stop(): Promise<void>;
  /** Pulls the plug. May be repeated. */
  powerOff(): Promise<void>;
}

/**
 * Starts a machine and waits until it takes commands: about 6 s when emulated on an idle host of two cores.
 *
 * @throws {MachineError} when it does not start
 */
export async function startVirtualMachine(options: MachineOptions = {}): Promise<VirtualMachine> {
  const { memory = "2G", cpus = 2, shares = [], networks = [], forward = [], signal } = options;
  signal?.throwIfAborted();
  const kernel = await findKernel();
  const accelerator = await chooseAccelerator(kernel);
  const folder = await prepareFolder(kernel);
  const disk = options.disk === undefined ? {} : { disk: options.disk };
  const command = qemuCommand({ kernel, accelerator, memory, cpus, folder, shares, networks, forward, ...disk });
  await using cleanUp = new AsyncDisposableStack();
  const machine = cleanUp.use(await startMachineProcess(command, folder));
  await untilStarted(machine, signal);

  const environment = { ...ownEnvironment(), ...options.env };
  let jobs = 0;
  const exec = (words: readonly string[], how: ExecOptions = {}) =>
    runJob(machine.port, `${folder}/jobs/${jobs++}`, words, { ...how, env: { ...environment, ...how.env } });
  const name = `echo ${shellWord(options.hostname ?? Deno.hostname())} >/proc/sys/kernel/hostname\n`;
  const setUp = ["sh", "-ec", name + shareScript(shares) + networkScript(networks, forward)];
  const { code, stderr } = await exec(setUp, { ...(signal && { signal }) });
  if (code !== 0) throw new MachineError(`Cannot set up the virtual machine: ${stderr.trim()}`);

  const running = cleanUp.move();
  return { exec, stop: machine.stop, powerOff: () => running.disposeAsync(), [Symbol.asyncDispose]: machine.stop };
}

/** The folder that this host and the machine's agent share. */
async function prepareFolder(kernel: Kernel): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "danm-machine-" });
  await Promise.all([
    Deno.mkdir(`${folder}/jobs`),
    Deno.symlink(kernel.modules, `${folder}/modules`),
    Deno.copyFile(new URL("agent.sh", import.meta.url), `${folder}/agent.sh`),
    Deno.writeTextFile(`${folder}/log`, ""),
    Deno.writeTextFile(`${folder}/console`, ""),
  ]);
  return folder;
}

async function untilStarted(machine: MachineProcess, signal?: AbortSignal): Promise<void> {
  const cancel = () => void machine[Symbol.asyncDispose]();
  signal?.addEventListener("abort", cancel);
  try {
    await machine.port.started;
  } finally {
    signal?.removeEventListener("abort", cancel);
    signal?.throwIfAborted();
  }
}

/** Enough to find programs, homes and caches; nothing that may be a secret. */
function ownEnvironment(): Record<string, string> {
  const wanted = /^(PATH|HOME|TZ|NO_COLOR|(DENO|DANM|XDG)_\w+)$/;
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => wanted.test(name));
  return { ...Object.fromEntries(own), PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin` };
}

import { type GuardedProcess, startGuarded } from "../cluster/guarded_process.ts";
import { type ControlPort, openControlPort } from "./control_port.ts";

/** A machine did not start, or is gone: it panicked, hung or was stopped. Says what its console showed last. */
export class MachineError extends Error {
  override readonly name = "MachineError";
}

/** A QEMU that runs, with a line to the agent inside. Disposing of it kills it. */
export interface MachineProcess extends AsyncDisposable {
  readonly port: ControlPort;
  /** Asks the agent to power off; kills a machine that takes too long. May be repeated. */
  stop(): Promise<void>;
}

/** How long a machine may take to end its processes and power off. */
const STOP_WITHIN_MS = 20_000;
/** How much of the console is worth repeating. */
const TAIL_BYTES = 4096;

/**
 * Starts QEMU, which ends with this process, however that ends. The agent answers later.
 *
 * @param folder holds the files `log` and `console` and gets the socket `control`; it is removed when QEMU ends
 * @throws {MachineError} when QEMU does not start
 */
export async function startMachineProcess(command: readonly string[], folder: string): Promise<MachineProcess> {
  await using cleanUp = new AsyncDisposableStack();
  // Opened now because the folder is gone as soon as QEMU is.
  const logs = await Promise.all(["log", "console"].map((name) => Deno.open(`${folder}/${name}`)));
  logs.forEach((log) => cleanUp.use(log));
  using listener = Deno.listen({ transport: "unix", path: `${folder}/control` });
  const qemu = cleanUp.use(startGuarded(command, `${folder}/log`, folder));

  let reason = "it ended by itself";
  const end = async (why: string) => {
    reason = why;
    await qemu[Symbol.asyncDispose]();
  };
  const gone = failWhenEnded(qemu, () => [`Cannot use the virtual machine: ${reason}`, ...logs.map(tail)].join("\n"));
  const connection = await Promise.race([listener.accept(), gone]);
  const port = openControlPort(connection, () => void end("it has not answered for minutes"));
  gone.catch(port.lose);

  const running = cleanUp.move();
  return {
    port,
    async stop() {
      reason = "it was stopped";
      port.stop();
      await within(STOP_WITHIN_MS, qemu.ended);
      await running.disposeAsync();
    },
    async [Symbol.asyncDispose]() {
      reason = "it was powered off";
      await running.disposeAsync();
    },
  };
}

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}

async function failWhenEnded(qemu: GuardedProcess, explain: () => string): Promise<never> {
  await qemu.ended;
  throw new MachineError(explain());
}

function tail(file: Deno.FsFile): string {
  const { size } = file.statSync();
  file.seekSync(Math.max(0, size - TAIL_BYTES), Deno.SeekMode.Start);
  const bytes = new Uint8Array(TAIL_BYTES);
  const read = file.readSync(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, read)).trim();
}

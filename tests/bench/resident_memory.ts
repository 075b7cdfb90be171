import type { DaemonProcess } from "../runtime/daemon_process.ts";

/** The memory that a daemon keeps, as text. */
export async function residentMemory(daemon: DaemonProcess): Promise<string> {
  const bytes = await daemon.metric("process_resident_memory_bytes") ?? NaN;
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

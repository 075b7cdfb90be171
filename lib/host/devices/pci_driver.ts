/** The kernel driver of a PCI device. */
import { basename } from "@std/path/posix";
import { runProcess } from "../../process/run_process.ts";

/** A PCI address: domain, bus, device and function, e.g. `0000:3b:02.1`. */
const PCI_ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

/** Whether `text` is a PCI address. */
export function isPciAddress(text: string): boolean {
  return PCI_ADDRESS.test(text);
}

/**
 * The name of the driver that `device` is bound to; undefined when it is bound to none or does not exist.
 *
 * @param sysfs where the kernel's /sys is
 * @throws {Error} when it cannot be told
 */
export async function pciDriver(device: string, signal: AbortSignal, sysfs = "/sys"): Promise<string | undefined> {
  if (!isPciAddress(device)) return undefined;
  // A program does it because Deno lets nobody look below /sys who does not have every permission.
  const args = ["-v", "--", `${sysfs}/bus/pci/devices/${device}/driver`];
  const command = { program: "readlink", args, env: { LC_ALL: "C" }, isAlone: true };
  const { code, stdout, stderr } = await runProcess(command, signal);
  if (code === 0) return basename(stdout.trimEnd());
  if (/: No such file or directory$/m.test(stderr)) return undefined;
  throw new Error(`Cannot read the driver of device ${device}: readlink ended with code ${code}: ${stderr.trim()}`);
}

/** Whether `driver` hands its devices to programs, so that the kernel has no network interface for them. */
export function isUserspaceDriver(driver: string | undefined): boolean {
  return driver !== undefined && ["vfio-pci", "uio_pci_generic", "igb_uio"].includes(driver);
}

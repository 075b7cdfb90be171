/** The kernel driver of a PCI device. */

import { basename } from "@std/path/posix";

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
 */
export async function pciDriver(device: string, sysfs = "/sys"): Promise<string | undefined> {
  if (!isPciAddress(device)) return undefined;
  try {
    return basename(await Deno.readLink(`${sysfs}/bus/pci/devices/${device}/driver`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether `driver` hands its devices to programs, so that the kernel has no network interface for them. */
export function isUserspaceDriver(driver: string | undefined): boolean {
  return driver !== undefined && ["vfio-pci", "uio_pci_generic", "igb_uio"].includes(driver);
}

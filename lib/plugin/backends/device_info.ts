/**
 * What device plugins and CNI plugins say of devices. Source: Network Plumbing Working Group, "Device Information
 * Specification" 1.1: a file of each device by its device plugin, and one of each interface by its CNI plugin.
 */

import type { DelegateConfig } from "../../attach/delegate_config.ts";
import { makeFolder } from "../../host/files/make_folder.ts";
import { placeFile, placingName } from "../../host/files/place_file.ts";
import { readIfThere } from "../../host/files/read_if_there.ts";
import { removeIfThere } from "../../host/files/remove_path.ts";
import { DEVICE_INFO_FOLDER } from "../danm_defaults.ts";

/** A device that an interface is made of. */
export interface InterfaceDevice {
  /** Name of its resource, as kubelet has it. */
  readonly pool: string;
  readonly id: string;
}

const PCI_ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

/** The file in which the plugins of an interface may write down what they have made of its device. */
export function deviceInfoFile(network: string, containerId: string, ifName: string): string {
  return `${DEVICE_INFO_FOLDER}/cni/${flat(`${network}-${containerId}_${ifName}`)}`;
}

/** Lets the plugins of an interface begin with what the device plugin has said. */
export async function copyDeviceInfo(device: InterfaceDevice, infoFile: string): Promise<void> {
  const text = await readIfThere(ofDevice(device));
  if (text === undefined) return;
  await makeFolder(`${DEVICE_INFO_FOLDER}/cni`, 0o755);
  await placeFile(infoFile, { text }, 0o644);
}

/** What is known of a device: by the interface's plugins, by its device plugin, by its name. */
export async function readDeviceInfo(device: InterfaceDevice, infoFile: string): Promise<unknown> {
  const told = parse(await readIfThere(infoFile)) ?? parse(await readIfThere(ofDevice(device)));
  if (told !== undefined) return told;
  if (!PCI_ADDRESS.test(device.id)) return undefined;
  return { type: "pci", version: "1.1.0", pci: { "pci-address": device.id } };
}

/** Removes the files that the plugins `configs` were told to write, once they have been asked to take all back. */
export async function removeDeviceInfo(configs: readonly DelegateConfig[]): Promise<void> {
  const told = configs.map(({ runtimeConfig }) =>
    (runtimeConfig as { CNIDeviceInfoFile?: unknown })?.CNIDeviceInfoFile
  );
  const own = told.filter((path) =>
    typeof path === "string" && path.startsWith(`${DEVICE_INFO_FOLDER}/cni/`)
  ) as string[];
  // A copy that was interrupted is there under another name.
  const files = [...new Set(own)].flatMap((path) => [path, placingName(path)]);
  await Promise.all(files.map(removeIfThere));
}

function ofDevice({ pool, id }: InterfaceDevice): string {
  return `${DEVICE_INFO_FOLDER}/dp/${flat(`${pool}-${id}`)}-device.json`;
}

function flat(name: string): string {
  return name.replaceAll("/", "-");
}

/** Others write these files: one that holds no object says nothing. */
function parse(text: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

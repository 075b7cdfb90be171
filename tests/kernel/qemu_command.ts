import { shellWord } from "../../lib/installer/shell_word.ts";
import { type Accelerator, PROCESSOR } from "./accelerator.ts";
import type { Kernel } from "./kernel.ts";
import { type Forward, FORWARD_MAC, FORWARD_SUBNET, type NetworkCard } from "./guest_network.ts";

/** A folder of the host that the machine reads and writes, under the same path unless `guest` says another. */
export interface Share {
  readonly host: string;
  readonly guest?: string;
}

/** What a machine is made of. */
export interface Hardware {
  readonly kernel: Kernel;
  readonly accelerator: Accelerator;
  /** As qemu(1) takes it, e.g. `2G`. */
  readonly memory: string;
  readonly cpus: number;
  /** The machine's own folder on the host: holds the socket `control`, the file `console`, and is shared. */
  readonly folder: string;
  readonly shares: readonly Share[];
  /** A file that is its disk, `/dev/vda`. */
  readonly disk?: string;
  readonly networks: readonly NetworkCard[];
  readonly forward: readonly Forward[];
}

/** The shell commands that mount the shares inside. */
export function shareScript(shares: readonly Share[]): string {
  return shares.map(({ host, guest = host }, index) => {
    const folder = shellWord(guest);
    return `mkdir -p ${folder}; mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 ${
      shareTag(index)
    } ${folder}\n`;
  }).join("");
}

const shareTag = (index: number) => `share${index}`;

/** The command line that runs a machine. Source: qemu(1). */
export function qemuCommand(hardware: Hardware): string[] {
  const { kernel, accelerator, memory, cpus, folder, shares, disk, networks, forward } = hardware;
  return [
    "qemu-system-x86_64",
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...PROCESSOR[accelerator],
    ...["-smp", `${cpus}`, "-m", memory],
    ...["-kernel", kernel.image, "-initrd", kernel.initramfs, "-append", KERNEL_PARAMETERS],
    ...["-serial", `file:${folder}/console`],
    ...["-chardev", `socket,id=control,path=${escape(`${folder}/control`)}`],
    ...["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=control,name=control"],
    ...sharing("/", "hostroot", ",readonly=on"),
    ...sharing(folder, "machine"),
    ...shares.flatMap(({ host }, index) => sharing(host, shareTag(index))),
    ...(disk === undefined ? [] : ["-drive", `file=${escape(disk)},format=raw,if=virtio,cache=unsafe`]),
    ...networks.flatMap(({ tap, mac }, index) =>
      card(`tap,id=net${index},ifname=${escape(tap)},script=no,downscript=no`, `net${index}`, mac)
    ),
    ...(forward.length > 0 ? card(`user,id=forward,ipv6=off,net=${FORWARD_SUBNET}`, "forward", FORWARD_MAC) : []),
  ];
}

/**
 * A panic or oops ends the machine at once. The clock of an emulated processor is steady although the kernel doubts it
 * when the host is busy, and the interrupt of the timer may come too late for the kernel's check of it.
 * A program that is always at the same addresses (norandmaps) is translated for an emulated processor once instead of
 * once for each process: that makes all that starts programs three times as fast.
 */
const KERNEL_PARAMETERS =
  "console=ttyS0 quiet panic=-1 oops=panic tsc=reliable no_timer_check mitigations=off net.ifnames=0 norandmaps";

function sharing(path: string, tag: string, extra = ""): string[] {
  return [
    "-virtfs",
    `local,path=${escape(path)},mount_tag=${tag},security_model=none,multidevs=remap${extra}`,
  ];
}

function card(netdev: string, id: string, mac: string): string[] {
  return ["-netdev", netdev, "-device", `virtio-net-pci,netdev=${id},mac=${mac},romfile=`];
}

/** QEMU ends a value at a comma unless it is doubled. */
const escape = (value: string) => value.replaceAll(",", ",,");

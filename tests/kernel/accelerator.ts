import { startGuarded } from "../cluster/guarded_process.ts";
import type { Kernel } from "./kernel.ts";

/** How QEMU runs a machine's processors. Source: qemu(1), `-accel`. */
export type Accelerator = "kvm" | "tcg";

/**
 * QEMU's arguments for it. What younger processors have (protection keys, which V8 uses, page tables of five levels,
 * SMAP, AVX) takes an emulated one longer.
 */
export const PROCESSOR: Readonly<Record<Accelerator, readonly string[]>> = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"],
};

/** A kernel that finds no root file system panics, which ends QEMU: within a second where KVM works. */
const PROBE_MS = 10_000;

/**
 * KVM where it works, else emulation. `/dev/kvm` may exist and hang, so it is tried once with the kernel alone, and
 * the answer kept beside the kernel until the host is booted again.
 */
export async function chooseAccelerator(kernel: Kernel): Promise<Accelerator> {
  if (!await isWritable("/dev/kvm")) return "tcg";
  const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  const path = `${kernel.folder}/accelerator`;
  const [knownBoot, known] = (await Deno.readTextFile(path).catch(() => "")).split(" ");
  if (knownBoot === boot && (known === "kvm" || known === "tcg")) return known;
  const accelerator = await kvmWorks(kernel) ? "kvm" : "tcg";
  await Deno.writeTextFile(path, `${boot} ${accelerator}`);
  return accelerator;
}

async function isWritable(path: string): Promise<boolean> {
  try {
    (await Deno.open(path, { read: true, write: true })).close();
    return true;
  } catch {
    return false;
  }
}

async function kvmWorks(kernel: Kernel): Promise<boolean> {
  const machine = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-m", "256M"];
  const boot = ["-kernel", kernel.image, "-append", "panic=-1"];
  const qemu = startGuarded(["qemu-system-x86_64", ...machine, ...PROCESSOR.kvm, ...boot], "/dev/null");
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PROBE_MS);
  const code = await Promise.race([qemu.ended, late]);
  clearTimeout(timer);
  void qemu[Symbol.asyncDispose](); // not waited for: a process that hangs in the kernel may not even be killed
  return code === 0;
}

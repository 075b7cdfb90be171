/** The Debian kernel that `setup.sh` fetched. */
export interface Kernel {
  /** Where all of it is. */
  readonly folder: string;
  readonly image: string;
  readonly initramfs: string;
  /** `/lib/modules/<release>` of this kernel. */
  readonly modules: string;
}

/**
 * Finds the kernel in the cache.
 *
 * @throws {Error} naming the command that puts it there
 */
export async function findKernel(): Promise<Kernel> {
  const cache = Deno.env.get("DANM_CACHE") ??
    `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/danm`;
  try {
    const folder = await Deno.realPath(`${cache}/kernel`);
    const [release] = await Array.fromAsync(Deno.readDir(`${folder}/lib/modules`));
    await Deno.stat(`${folder}/initramfs`);
    return {
      folder,
      image: `${folder}/vmlinux`,
      initramfs: `${folder}/initramfs`,
      modules: `${folder}/lib/modules/${release?.name}`,
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot find a kernel in ${cache}/kernel: tests/kernel/setup.sh puts it there`, { cause: error });
  }
}

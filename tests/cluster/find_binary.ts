/** Where the programs of a test cluster are: `etcd`, `kube-apiserver`, `kubectl`. */

/**
 * The path of `name`: in `$KUBEBUILDER_ASSETS`, else among the tools that `make` keeps in its cache, else on `$PATH`.
 *
 * @throws {Error} listing where it was looked for
 */
export async function findBinary(name: string): Promise<string> {
  const cache = Deno.env.get("DANM_CACHE") ?? `${Deno.env.get("HOME")}/.cache/danm`;
  const folders = [Deno.env.get("KUBEBUILDER_ASSETS"), `${cache}/tools`, ...(Deno.env.get("PATH") ?? "").split(":")]
    .filter((folder) => folder !== undefined && folder !== "");
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    if (await isExecutable(path)) return path;
  }
  throw new Error(`Cannot find ${name}: it is in none of ${folders.join(", ")}`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** The folder of the reference CNI plugins. */
export async function cniPluginFolder(): Promise<string> {
  return (await findBinary("cni/macvlan")).replace(/\/macvlan$/, "");
}

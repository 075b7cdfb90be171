/** Where `make` keeps what it installs and builds, outside the work tree. */
export function cacheFolder(): string {
  const own = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return Deno.env.get("DANM_CACHE") ?? `${own}/danm`;
}

/** Puts the names in the directory at `path` on the disk: fsync(2) of a file does not promise its name. */
export async function syncDirectory(path: string): Promise<void> {
  using directory = await Deno.open(path);
  await directory.sync();
}

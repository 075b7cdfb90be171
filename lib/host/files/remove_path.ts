/** Removing what may not be there. */

/** Removes a file, or a folder with all that is in it. Resolves to whether there was one. */
export async function removeIfThere(path: string): Promise<boolean> {
  try {
    await Deno.remove(path, { recursive: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What rmdir(2) says of a folder that holds something, that is a mount point, or whose own folder is only to be read. */
const STAYS = ["ENOTEMPTY", "EBUSY", "EROFS"];

/** Removes a folder unless something keeps it. */
export async function removeIfEmpty(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    const { code = "" } = error as { readonly code?: string };
    if (!(error instanceof Deno.errors.NotFound) && !STAYS.includes(code)) throw error;
  }
}

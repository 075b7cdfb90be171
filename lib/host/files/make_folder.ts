/** Makes a folder, and those above it, unless it exists. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode });
}

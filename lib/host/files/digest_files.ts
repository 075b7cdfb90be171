import { createHash } from "node:crypto";

/** SHA-256, in hexadecimal, of the lengths and contents of several files in their order. Reads them piece by piece. */
export async function digestFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    using file = await Deno.open(path);
    hash.update(`${(await file.stat()).size}\n`);
    const chunk = new Uint8Array(1 << 20);
    for (let size = await file.read(chunk); size !== null; size = await file.read(chunk)) {
      hash.update(chunk.subarray(0, size));
    }
  }
  return hash.digest("hex");
}

/** The first bytes of the file at `path`, `size` at most, as text. */
export async function readHead(path: string, size: number): Promise<string> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let read = await file.read(bytes); read !== null && read > 0; read = await file.read(bytes.subarray(length))) {
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/**
 * Takes the runtime out of a program that `deno compile` made: `original_runtime.ts PROGRAM` writes it to standard output.
 *
 * Such a program is the runtime with its table of segments moved behind it, together with two sections more: that table,
 * and what was compiled. The runtime's own headers still stand where they were. Source: libsui 0.16, `Elf::append`.
 */

/** Offsets and sizes in a 64-bit ELF file. Source: System V ABI, chapter 4. */
const HEADER = { size: 64, phoff: 32, shoff: 40, phnum: 56, shnum: 60 } as const;
const SECTION = { size: 64, offset: 24 } as const;

/** What was added: segments and sections. */
const ADDED = 2;

/**
 * The runtime, byte for byte as it was before something was compiled into it.
 *
 * @param program a little-endian 64-bit ELF file
 * @throws {Error} when nothing was compiled into it
 */
export function originalRuntime(program: Uint8Array): Uint8Array {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const isElf = program.length > HEADER.size && view.getUint32(0) === 0x7f454c46 && view.getUint16(4) === 0x0201;
  if (!isElf) throw new Error("Cannot take the program apart: it must be a little-endian 64-bit ELF file");
  const sections = Number(view.getBigUint64(HEADER.shoff, true));
  const count = view.getUint16(HEADER.shnum, true) - ADDED;
  const added = Number(view.getBigUint64(sections + count * SECTION.size + SECTION.offset, true));
  // The last of the runtime's sections, the names, was moved, so that its header differs.
  const kept = program.subarray(sections, sections + (count - 1) * SECTION.size);
  const start = lastIndexOf(program.subarray(0, added), kept);
  if (start === -1) throw new Error("Cannot take the program apart: no runtime was found in it");
  const runtime = program.slice(0, start + count * SECTION.size);
  const header = new DataView(runtime.buffer);
  header.setBigUint64(HEADER.phoff, BigInt(HEADER.size), true);
  header.setBigUint64(HEADER.shoff, BigInt(start), true);
  header.setUint16(HEADER.phnum, view.getUint16(HEADER.phnum, true) - ADDED, true);
  header.setUint16(HEADER.shnum, count, true);
  return runtime;
}

/** Section headers lie at multiples of 8. */
function lastIndexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let start = (bytes.length - wanted.length) & ~7; start >= HEADER.size; start -= 8) {
    if (wanted.every((byte, index) => bytes[start + index] === byte)) return start;
  }
  return -1;
}

if (import.meta.main) {
  const [path = ""] = Deno.args;
  await Deno.stdout.writable.getWriter().write(originalRuntime(await Deno.readFile(path)));
  Deno.exit(0);
}

import { parseLauncher } from "../../lib/installer/launcher.ts";

/** Where an image has its programs. */
export const PROGRAM_DIR = "/usr/lib/danm";

/** A program as an image has it, and the Deno of this machine that it is run by. */
export interface ImageProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Undefined for a binary, which runs by itself. */
  readonly deno: string | undefined;
}

/** Reads a program of bin/. A launcher is made to name the Deno that is beside it in the image. */
export async function readProgram(path: string): Promise<ImageProgram> {
  const bytes = await Deno.readFile(path);
  const head = new TextDecoder().decode(bytes.subarray(0, 16_384));
  const launch = parseLauncher(head);
  if (launch === undefined) return { bytes, deno: undefined };
  const environment = `DENO_DIR=${PROGRAM_DIR}/cache DENO_NO_UPDATE_CHECK=1`;
  const line = `":" //; ${environment} exec ${PROGRAM_DIR}/deno ${launch.words} "$0" "$@"`;
  const text = new TextDecoder().decode(bytes).replace(/^(#!.*\n).*\n/, (_, first) => `${first}${line}\n`);
  return { bytes: new TextEncoder().encode(text), deno: launch.deno };
}

/** Small text files of one folder. */

import { extname, join } from "@std/path/posix";

/** A file and what it holds. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads every file of `folder` with one of `extensions`, in the order of the names; none when there is no such folder.
 * A file that goes while the folder is being read is left out.
 */
export async function readFolder(folder: string, extensions: readonly string[]): Promise<TextFile[]> {
  const names = (await listFiles(folder)).filter((name) => extensions.includes(extname(name))).sort();
  const files = await Promise.all(names.map((name) => readFile(folder, name)));
  return files.filter((file) => file !== undefined);
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function readFile(folder: string, name: string): Promise<TextFile | undefined> {
  try {
    return { name, text: await Deno.readTextFile(join(folder, name)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

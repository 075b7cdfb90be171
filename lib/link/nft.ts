/** Runs nft(8) in a network namespace. Source: nft(8), libnftables-json(5). */

import { enterNamespace } from "./ip_batch.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";

/** nft(8) refused, or could not do, what it was told; nothing of it has been done. */
export class NftError extends Error {
  override readonly name = "NftError";
}

/** There is no nft(8) to be run. */
export class NftMissingError extends NftError {
  constructor() {
    super("Cannot set rules: there is no nft program, nftables must be installed on the node");
  }
}

/** A table as it is in the kernel, for comparison with how it was. */
export interface FoundTable {
  /** Elements of each set of single values, e.g. `10.0.0.1` or `10.0.0.1 . tcp . 80`. */
  readonly elements: ReadonlyMap<string, ReadonlySet<string>>;
  /** Everything else, as a text that is the same for as long as nobody changes it. */
  readonly structure: string;
}

/**
 * Does all of `script` in the namespace at `netnsPath`, or nothing.
 *
 * @throws {NftError} with the first thing it complains about
 * @throws {NamespaceMissingError}
 */
export async function runNft(netnsPath: string, script: string, signal: AbortSignal): Promise<void> {
  await nft(netnsPath, ["-f", "-"], script, signal);
}

/**
 * The table `family name` in the namespace at `netnsPath`; undefined when there is none.
 *
 * @throws {NftError | NamespaceMissingError}
 */
export async function readNftTable(
  netnsPath: string,
  [family, name]: readonly [family: string, name: string],
  signal: AbortSignal,
): Promise<FoundTable | undefined> {
  try {
    return foundTable(parse(await nft(netnsPath, ["-j", "list", "table", family, name], "", signal)));
  } catch (error) {
    if (error instanceof NftError && error.message.includes("No such file or directory")) return undefined;
    throw error;
  }
}

async function nft(netnsPath: string, args: readonly string[], input: string, signal: AbortSignal): Promise<string> {
  const { success, stdout, stderr } = await runProgram([...enterNamespace(netnsPath), "nft", ...args], input, signal);
  if (success) return stdout;
  if (saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  if (/^nsenter: (failed to|can't) execute/m.test(stderr)) {
    throw new NftMissingError();
  }
  const [complaint = "it said nothing", line = ""] = stderr.trim().split("\n");
  throw new NftError(`Cannot set rules: ${complaint}${line === "" ? "" : ` (${line.trim()})`}`);
}

type Item = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

function parse(text: string): readonly Item[] {
  return JSON.parse(text).nftables;
}

function foundTable(items: readonly Item[]): FoundTable {
  const elements = new Map<string, ReadonlySet<string>>();
  const rest: unknown[] = [];
  for (const { metainfo, set, ...item } of items) {
    if (metainfo) continue;
    if (set && set.flags === undefined) {
      const { elem = [], handle: _, ...form } = set;
      elements.set(String(set.name), new Set((elem as unknown[]).map(elementText)));
      rest.push(form);
    } else rest.push(set ?? item);
  }
  // A handle is the kernel's, a new one for each object.
  return { elements, structure: JSON.stringify(rest, (key, value) => key === "handle" ? undefined : value) };
}

function elementText(element: unknown): string {
  return typeof element === "object" ? (element as { concat: readonly unknown[] }).concat.join(" . ") : String(element);
}

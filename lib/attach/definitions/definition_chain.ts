/** The plugins that a NetworkAttachmentDefinition tells to run. */

import type { AttachmentDefinition } from "../../api/attachment_definition.ts";
import { quote } from "../../cni/quote.ts";
import { type DelegateChain, type DelegateFile, DelegateFileError, parseDelegateFile } from "../delegate_file.ts";
import { describeNetwork } from "../interface_plan.ts";

/**
 * What a definition comes to: plugins that are run for its interface, or, where it says `"type": "danm"`, the keys by which
 * danm itself attaches one.
 */
export type DefinitionContent =
  | { readonly chain: DelegateChain }
  | { readonly own: Readonly<Record<string, unknown>> };

/** Whether the definition has no configuration of its own, so that a file of the node has it. */
export function isInFile({ spec }: AttachmentDefinition): boolean {
  return (spec?.config ?? "").trim() === "";
}

/**
 * Reads what a definition, or the file that has its configuration, says.
 *
 * @param source the text to be read and what it is of, for messages
 * @throws {DelegateFileError} when it is no configuration that can be run
 */
export function readDefinitionContent({ metadata }: AttachmentDefinition, source: DelegateFile): DefinitionContent {
  const own = ownPlugin(source.text);
  return own ? { own } : { chain: parseDelegateFile(source, metadata.name) };
}

/** The configuration that the definition itself has. */
export function ownConfig(definition: AttachmentDefinition): DelegateFile {
  return { name: `spec.config of ${describeNetwork(definition)}`, text: definition.spec?.config ?? "" };
}

/**
 * The file of a definition that has no configuration: that whose `name` is the definition's, a list before a single plugin,
 * else the one that is called so. Source: de-facto standard 1.3 §3.4.1.1.
 *
 * @param files those of the CNI configuration folder, in the order of their names
 * @throws {DelegateFileError} when there is none
 */
export function pickDefinitionFile(definition: AttachmentDefinition, files: readonly DelegateFile[]): DelegateFile {
  const { name } = definition.metadata;
  const listsFirst = [true, false].flatMap((isList) =>
    files.filter((file) => file.name.endsWith(".conflist") === isList)
  );
  const file = listsFirst.find(({ text }) => nameIn(text) === name) ??
    listsFirst.find((file) => file.name.replace(/\.[^.]*$/, "") === name);
  if (file) return file;
  throw new DelegateFileError(
    `Cannot configure ${
      describeNetwork(definition)
    }: its spec.config is empty and there is no CNI configuration file ` +
      `for it, must be one with the name ${quote(name)}, or called ${name}.conflist or ${name}.conf`,
  );
}

/** Files of other plugins may be broken without being ours to complain about. */
function nameIn(text: string): unknown {
  return objectIn(text)?.["name"];
}

/** The plugin danm, where it is the only one. In a chain it would call itself, which reading the chain refuses. */
function ownPlugin(text: string): Readonly<Record<string, unknown>> | undefined {
  const root = objectIn(text);
  const plugins: unknown = root?.["plugins"] ?? [root];
  const only = Array.isArray(plugins) && plugins.length === 1 ? plugins[0] : undefined;
  return only?.type === "danm" ? only : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value as never : undefined;
  } catch {
    return undefined;
  }
}

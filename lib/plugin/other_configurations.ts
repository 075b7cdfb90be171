/** Which network configurations of this plugin a node has beside one. */

import type { TextFile } from "../host/files/read_folder.ts";

/**
 * Whether one of `files` configures the plugin `type` under another name than `name`. Files that cannot be read configure
 * nothing. Source: CNI spec 1.1.0 §1.
 */
export function configuresAnother(files: readonly TextFile[], type: unknown, name: string): boolean {
  return files.some(({ text }) => {
    const root = parse(text);
    const plugins = Array.isArray(root.plugins) ? root.plugins : [root];
    return root.name !== name &&
      plugins.some((plugin: unknown) => (plugin as { type?: unknown } | null)?.type === type);
  });
}

function parse(text: string): { readonly name?: unknown; readonly plugins?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Removes links by name from a namespace that may be gone. */

import { ipBatch } from "../link/ip_batch.ts";
import { IpError } from "../link/ip_error.ts";
import { deleteLink } from "../link/link_commands.ts";
import { NamespaceMissingError } from "../link/namespace_missing_error.ts";

/** Deletes those of the links that exist in the namespace at `netns`; without a path there is nothing to delete. */
export async function deleteLinks(netns: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  if (netns === "") return;
  for (const name of names) {
    try {
      await ipBatch([deleteLink(name)], netns, signal);
    } catch (error) {
      if (error instanceof NamespaceMissingError) return;
      if (!(error instanceof IpError && error.reason === "missing")) throw error;
    }
  }
}

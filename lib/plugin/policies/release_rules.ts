import { hasRules, lockRules, removeRules } from "../../host/journal/rules_record.ts";
import { NamespaceMissingError } from "../../link/namespace_missing_error.ts";
import { NftMissingError, runNft } from "../../link/nft.ts";
import { REMOVE_SCRIPT } from "../../policy/table_script.ts";
import type { Attachment } from "../attachment.ts";
import { readOthers } from "../journals.ts";
import type { NodeServices } from "../node_services.ts";

/**
 * Takes the rules from the namespace of a container whose last attachment was detached, and then its journal: whoever sees
 * that may put rules there. While the container has other attachments the rules stay as they are: nothing that is gone
 * passes by them.
 *
 * @param target `netns` is where the interfaces were; empty when that is gone
 * @throws {NftError}
 */
export async function releaseRules(
  { services, target }: Pick<Attachment, "services" | "target">,
  removeJournal: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { stateDir } = services.config;
  const { containerId, netns } = target;
  if (!await hasRules(stateDir, containerId)) return await removeJournal();
  using _lock = await lockRules(stateDir, containerId, signal);
  const others = await readOthers(services, target);
  if (others.every(({ entries }) => entries.length === 0) && await removeTable(services, netns, signal)) {
    await removeRules(stateDir, containerId);
  }
  await removeJournal();
}

/** Resolves to whether there is none any more. */
async function removeTable({ log }: NodeServices, netns: string, signal: AbortSignal): Promise<boolean> {
  try {
    if (netns !== "") await runNft(netns, REMOVE_SCRIPT, signal);
    return true;
  } catch (error) {
    if (error instanceof NamespaceMissingError) return true;
    if (!(error instanceof NftMissingError)) throw error;
    // The rules are netwatcher's then, which has a program of its own and goes by what is on record.
    log.write("warning", "left rules in the namespace", { netns, reason: error.message });
    return false;
  }
}

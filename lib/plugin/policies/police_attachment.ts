/** The rules of an attachment, in force before it has a link. */

import { hostAddresses } from "../../host/devices/host_addresses.ts";
import { lockRules, readRules, removeRules, writeRules } from "../../host/journal/rules_record.ts";
import { NftError, runNft } from "../../link/nft.ts";
import { appliedPolicies } from "../../policy/applied_policies.ts";
import { planRules } from "../../policy/plan_rules.ts";
import { podKey, type PolicedInterface, type PolicyWorld } from "../../policy/policy_world.ts";
import { ruleTable } from "../../policy/rule_table.ts";
import { replaceScript } from "../../policy/table_script.ts";
import type { Attachment } from "../attachment.ts";
import type { BeginEntry } from "../attachment_entry.ts";
import { readContainer } from "../journals.ts";
import type { Policing } from "./read_policies.ts";
import { policedInterfaces } from "./policed_interfaces.ts";

/**
 * Puts the rules that `policies` ask for into the namespace of an attachment that has begun, together with those of the
 * container's other attachments. Peers that nobody here knows of are not let through: netwatcher adds them, as one that
 * runs would know them. Where no policy holds, nothing is done.
 *
 * @throws {NftError} when they cannot be put in force; nothing may be attached then
 */
export async function policeAttachment(
  { services, target }: Attachment,
  begin: BeginEntry,
  { policies, labels }: Policing,
  signal: AbortSignal,
): Promise<void> {
  const world: PolicyWorld = {
    policies,
    namespaces: new Map(),
    pods: new Map([[podKey(begin.pod), labels]]),
    interfaces: new Map(),
  };
  const plan = (interfaces: readonly PolicedInterface[]) =>
    interfaces.flatMap((policed) => planRules(world, policed) ?? []);
  if (plan(policedInterfaces([begin])).length === 0) return;
  const { config: { stateDir }, log } = services;
  const { containerId, netns } = target;
  using _lock = await lockRules(stateDir, containerId, signal);
  const all = await readContainer(stateDir, containerId);
  const rules = plan(all.flatMap(({ entries }) => policedInterfaces(entries)));
  const before = await readRules(stateDir, containerId);
  const { netnsId } = begin;
  const record = { netns, netnsId, stamp: crypto.randomUUID(), policies: appliedPolicies(policies) };
  await writeRules(stateDir, containerId, record);
  try {
    await runNft(netns, replaceScript(ruleTable(rules, hostAddresses())), signal);
  } catch (error) {
    // Nothing of it has been done, so there is nothing that somebody would have to remove.
    if (error instanceof NftError && before === undefined) await removeRules(stateDir, containerId);
    throw error;
  }
  log.write("info", "policed", { interfaces: rules.map(({ name }) => name).join(" ") });
}

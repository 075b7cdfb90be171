/** Brings the rules in a container's namespace in line with what they are to be, by as little as that takes. */

import { readRules, removeRules, type RulesRecord, writeRules } from "../../../host/journal/rules_record.ts";
import { isNamespace, readNamespaceIds } from "../../../link/namespace_id.ts";
import { NamespaceMissingError } from "../../../link/namespace_missing_error.ts";
import { type FoundTable, NftError, readNftTable, runNft } from "../../../link/nft.ts";
import type { AppliedPolicies } from "../../../policy/applied_policies.ts";
import type { RuleTable } from "../../../policy/rule_table.ts";
import { changeScript, hasSameStructure, REMOVE_SCRIPT, replaceScript, TABLE } from "../../../policy/table_script.ts";

/** What is to be in force in one namespace. */
export interface Enforcement {
  readonly netns: string;
  readonly netnsId: string;
  /** Undefined: no rules, so no table. */
  readonly table: RuleTable | undefined;
  readonly policies: AppliedPolicies;
}

/** What this process put in force, and is there unless somebody has been at it. */
interface Known {
  readonly stamp: string;
  readonly table: RuleTable;
  /** As the kernel has it. */
  readonly structure: string;
}

export interface Enforcer {
  /** Whether there is anything to be done; a table that somebody else has put in place must be replaced. */
  isInForce(containerId: string, wanted: Enforcement, record: RulesRecord | undefined): boolean;
  /**
   * Puts it in force, unless the namespace is gone. By who holds the container's lock.
   *
   * @throws {NftError} when the kernel refuses it; what was in force before still is
   */
  enforce(
    containerId: string,
    wanted: Enforcement,
    record: RulesRecord | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Whether the kernel has what this process put there; if not, it is to be put there anew. By who holds the lock.
   *
   * @throws {NftError}
   */
  isUntouched(containerId: string, { netns }: Enforcement, signal: AbortSignal): Promise<boolean>;
  /** Takes the rules of a container away that has no attachment any more. By who holds the lock. */
  removeLeftover(containerId: string, signal: AbortSignal): Promise<void>;
}

/** @param ran called with every run of nft */
export function createEnforcer(stateDir: string, ran: () => void): Enforcer {
  const known = new Map<string, Known>();
  const run = async (netns: string, script: string, signal: AbortSignal) => {
    ran();
    await runNft(netns, script, signal);
  };
  const read = async (netns: string, signal: AbortSignal) => {
    ran();
    return await readNftTable(netns, TABLE.split(" ") as [string, string], signal);
  };
  const current = (containerId: string, record: RulesRecord | undefined) => {
    const own = known.get(containerId);
    return own !== undefined && own.stamp === record?.stamp ? own : undefined;
  };

  async function forget(containerId: string): Promise<void> {
    await removeRules(stateDir, containerId);
    known.delete(containerId);
  }

  async function replace(
    containerId: string,
    { netns, netnsId, policies }: Enforcement,
    table: RuleTable,
    signal: AbortSignal,
  ): Promise<void> {
    const stamp = crypto.randomUUID();
    known.delete(containerId);
    await writeRules(stateDir, containerId, { netns, netnsId, stamp, policies });
    await run(netns, replaceScript(table), signal);
    const { structure = "" } = await read(netns, signal) ?? {};
    known.set(containerId, { stamp, table, structure });
  }

  async function enforce(
    containerId: string,
    wanted: Enforcement,
    record: RulesRecord | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { netns, netnsId, table, policies } = wanted;
    if (!await isThere(netns, netnsId, signal)) return;
    if (table === undefined) {
      await run(netns, REMOVE_SCRIPT, signal);
      return await forget(containerId);
    }
    const own = current(containerId, record);
    if (own === undefined || !hasSameStructure(own.table, table)) {
      return await replace(containerId, wanted, table, signal);
    }
    const script = changeScript(own.table, table);
    try {
      if (script !== undefined) await run(netns, script, signal);
      await writeRules(stateDir, containerId, { netns, netnsId, stamp: own.stamp, policies });
      known.set(containerId, { ...own, table });
    } catch (error) {
      // Somebody has changed an element, or taken the table away.
      if (!(error instanceof NftError)) throw error;
      await replace(containerId, wanted, table, signal);
    }
  }

  return {
    isInForce(containerId, { table, policies }, record) {
      if (table === undefined) return record === undefined;
      const own = current(containerId, record);
      return own !== undefined && changeScript(own.table, table) === undefined && isSame(record!.policies, policies);
    },
    enforce,
    async isUntouched(containerId, { netns }, signal) {
      const own = known.get(containerId);
      if (own !== undefined && isAsPut(own, await read(netns, signal))) return true;
      known.delete(containerId);
      return false;
    },
    async removeLeftover(containerId, signal) {
      const record = await readRules(stateDir, containerId);
      if (record && await isThere(record.netns, record.netnsId, signal)) {
        await unlessMissing(run(record.netns, REMOVE_SCRIPT, signal));
      }
      await forget(containerId);
    },
  };
}

async function isThere(netns: string, id: string, signal: AbortSignal): Promise<boolean> {
  return isNamespace(netns, id) || (await readNamespaceIds([netns], signal)).get(netns)?.id === id;
}

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof NamespaceMissingError)) throw error;
  }
}

function isAsPut({ table, structure }: Known, found: FoundTable | undefined): boolean {
  if (found === undefined || found.structure !== structure) return false;
  return [...table.sets].filter(([, { isLive }]) => isLive).every(([name, { elements }]) => {
    const there = found.elements.get(name);
    return there !== undefined && there.size === elements.size && [...elements].every((element) => there.has(element));
  });
}

function isSame(a: AppliedPolicies, b: AppliedPolicies): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

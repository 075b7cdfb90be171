/** One look at the node: what policies ask of its containers, and what it takes to have that in force. */

import { listRules, lockRules } from "../../../host/journal/rules_record.ts";
import { NftError } from "../../../link/nft.ts";
import { readContainer } from "../../../plugin/journals.ts";
import type { Notice } from "../../teller.ts";
import { createContainerReader } from "./local_containers.ts";
import { type ContainerPlace, placeOfContainer } from "./plan_container.ts";
import { type Look, policeContainer, type Policed, type PolicingContext } from "./police_container.ts";
import { refusedNotice } from "./policy_notices.ts";

/** How many containers are worked on at a time. */
const WIDTH = 4;

/** What was found, and done. */
export interface Findings {
  /** The containers that have rules. */
  readonly policed: readonly (Policed & { readonly place: ContainerPlace })[];
  readonly notices: readonly Notice[];
  /** What another try may mend. */
  readonly failures: readonly Error[];
}

/** Returns what has the policies in force after it, in each container as far as that goes. */
export function createPolicyReconciler(
  context: PolicingContext,
): (look: Look, signal: AbortSignal) => Promise<Findings> {
  const { stateDir, enforcer } = context;
  const readContainers = createContainerReader(stateDir);
  return async (look, signal) => {
    const containers = await readContainers();
    const policed: (Policed & { place: ContainerPlace })[] = [];
    const notices: Notice[] = [];
    const failures: Error[] = [];
    await eachOf([...containers], async ([containerId, journals]) => {
      const place = placeOfContainer(journals)!;
      try {
        const found = await policeContainer(context, { containerId, journals, place }, look, signal);
        if (found?.enforcement.table) policed.push({ ...found, place });
      } catch (error) {
        if (signal.aborted) throw error;
        failures.push(failureOf(containerId, error));
        if (error instanceof NftError) notices.push(refusedNotice(place.pod, error));
      }
    });
    const left = (await listRules(stateDir)).filter((id) => !containers.has(id));
    await eachOf(left, async (containerId) => {
      try {
        using _lock = await lockRules(stateDir, containerId, signal);
        if ((await readContainer(stateDir, containerId)).length > 0) return; // it came just now
        await enforcer.removeLeftover(containerId, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        failures.push(failureOf(containerId, error));
      }
    });
    return { policed, notices, failures };
  };
}

function failureOf(containerId: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return new Error(`Cannot police container ${containerId}: ${why}`);
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: WIDTH }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  }));
}

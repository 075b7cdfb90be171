/** Why a Pod got none of its interfaces. */

import { describeNetwork, type InterfacePlan } from "../attach/interface_plan.ts";
import { messageOf } from "./to_cni_error.ts";

/** One interface that failed. */
export interface AttachFailure {
  readonly plan: InterfacePlan;
  readonly reason: unknown;
}

/** Every reason why a Pod's network could not be set up, one line each, in the order of the annotation. */
export class AttachError extends AggregateError {
  override readonly name = "AttachError";
  constructor(failures: readonly AttachFailure[]) {
    const lines = failures.toSorted((a, b) => a.plan.index - b.plan.index).map(({ plan, reason }) =>
      `interface ${plan.index} (${plan.name}, ${describeNetwork(plan.network)}): ${messageOf(reason)}`
    );
    super(failures.map(({ reason }) => reason), ["CNI network could not be set up: ", ...lines].join("\n"));
  }
}

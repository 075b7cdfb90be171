import { Counter, Gauge, type Registry } from "prom-client";
import type { LinkProblemReason } from "../../reconcile/host_links.ts";

/** Why a link failed: what the plan says, or `Refused` for what the kernel did. */
export type FailureReason = LinkProblemReason | "Refused";

const REASONS: readonly FailureReason[] = [
  "ParentMissing",
  "ParentDown",
  "LinkForeign",
  "VniTaken",
  "NameTaken",
  "Refused",
];

/** How a pass over the host links ended. */
export interface LinkTally {
  readonly desired: number;
  readonly kept: number;
  /** One for each link that is not as it should be. */
  readonly failures: readonly FailureReason[];
}

/** What netwatcher counts besides what all daemons do. */
export interface LinkMeters {
  tally(tally: LinkTally): void;
  /** Containers that were gone and were detached. */
  readonly swept: Counter;
}

/** Registers the metrics of netwatcher. */
export function createLinkMeters(registry: Registry): LinkMeters {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const desired = gauge("danm_host_links_desired", "VLAN and VXLAN links that networks ask for");
  const present = gauge("danm_host_links_present", "Of those, how many are there and in order");
  const kept = gauge("danm_host_links_kept", "Links that no network asks for any more, but that are still used");
  const failed = new Gauge({
    name: "danm_host_links_failed",
    help: "Links that are not as networks ask for, by reason",
    labelNames: ["reason"] as const,
    registers,
  });
  return {
    tally(tally) {
      desired.set(tally.desired);
      present.set(tally.desired - tally.failures.length);
      kept.set(tally.kept);
      for (const reason of REASONS) failed.set({ reason }, tally.failures.filter((each) => each === reason).length);
    },
    swept: new Counter({
      name: "danm_swept_containers_total",
      help: "Containers that were gone without a DEL, and were detached",
      registers,
    }),
  };
}

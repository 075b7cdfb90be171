import type { KubeClient } from "../kube/client/client.ts";
import { fencedClient } from "../kube/client/fenced_client.ts";
import { runAsLeader } from "../kube/election/leader_election.ts";
import type { Daemon } from "./daemon.ts";
import type { Task } from "./run_together.ts";

/** The right of one replica to do what must not be done twice at a time. */
export interface Leadership {
  /** Writes while this replica leads, and throws when it does not. Reads always. */
  readonly kube: KubeClient;
  /** Runs `work` whenever this replica leads, until `signal` fires. Fails when `work` ends by itself. */
  run(work: Task, signal: AbortSignal): Promise<void>;
}

/**
 * Takes part in the election of the daemon's leader; the Lease has the daemon's name.
 *
 * @param elect false where no other replica is expected (`--leader-elect=false`): then this one leads all the time
 */
export function createLeadership(
  { name, identity, kube, namespace, log, meters }: Pick<
    Daemon,
    "name" | "identity" | "kube" | "namespace" | "log" | "meters"
  >,
  elect: boolean,
): Leadership {
  meters.leader.set(Number(!elect));
  if (!elect) return { kube, run: (work, signal) => work(signal) };

  const mustNotWrite = () => {
    throw new Error("Cannot write: this replica does not lead");
  };
  let check: () => void = mustNotWrite;
  const tell = (leads: boolean) => {
    meters.leader.set(Number(leads));
    log.write("info", leads ? "leading" : "no longer leading", { identity });
  };
  const observer = {
    started: () => tell(true),
    stopped: () => tell(false),
    failed: (reason: unknown) =>
      log.write("warning", "cannot use the lease", { lease: `${namespace}/${name}`, reason }),
  };
  return {
    kube: fencedClient(kube, () => check()),
    run: (work, signal) =>
      runAsLeader(kube, { namespace, name, identity, observer }, async (leading, checkTenure) => {
        check = checkTenure;
        try {
          await work(leading);
        } finally {
          check = mustNotWrite;
        }
      }, signal),
  };
}

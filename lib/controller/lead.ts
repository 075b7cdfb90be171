import { ELECTION_TIMING, type LeaderWork, runAsLeader } from "../kube/leader_election.ts";
import type { Daemon } from "./daemon.ts";

/**
 * Does `work` while this replica leads, or all the time when nobody else is expected (`--leader-elect=false`).
 *
 * @param identity tells this process from the other replicas, e.g. the Pod's name and a random part
 */
export async function lead(
  { name, kube, namespace, log, meters }: Pick<Daemon, "name" | "kube" | "namespace" | "log" | "meters">,
  { identity, elect }: { readonly identity: string; readonly elect: boolean },
  work: LeaderWork,
  signal: AbortSignal,
): Promise<void> {
  meters.leader.set(Number(!elect));
  if (!elect) return await work(signal, kube);
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
  await runAsLeader(kube, { namespace, name, identity, timing: ELECTION_TIMING, observer }, work, signal);
}

import type { Network } from "../../api/network.ts";
import type { RememberedObjects } from "./cluster_access.ts";
import type { NodeServices } from "../node_services.ts";
import { readNetwork } from "../pod.ts";

/** Remembered objects, and which of them were asked for. */
export interface NotedObjects extends RememberedObjects {
  /** Whether a network that was recalled is not as it was remembered any more; not when that cannot be read. */
  isOutdated(services: NodeServices, signal: AbortSignal): Promise<boolean>;
}

/** Notes what is recalled of `remembered`: who fails by it looks then whether it was still so. */
export function noteUses(remembered: RememberedObjects): NotedObjects {
  const networks = new Set<Network>();
  return {
    ...remembered,
    network(...named) {
      const network = remembered.network(...named);
      if (network !== undefined) networks.add(network);
      return network;
    },
    async isOutdated(services, signal) {
      const outcomes = await Promise.allSettled([...networks].map(async (network) => {
        const { kind, metadata: { namespace = "", name } } = network;
        const now = await readNetwork(services, kind, namespace, name, signal);
        return now === undefined || !isPlannedAlike(now, network);
      }));
      // What cannot be read now is no reason to hide why the attempt failed.
      return outcomes.some((outcome) => outcome.status === "fulfilled" && outcome.value);
    },
  };
}

/** Whether two states of a network are of the same object, and lead to the same plans. */
export function isPlannedAlike(a: Network, b: Network): boolean {
  const [first, second] = [a, b].map(({ spec, metadata: { uid, annotations = {} } }) =>
    JSON.stringify([uid, spec, annotations])
  );
  return first === second;
}

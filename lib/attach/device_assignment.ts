/** Which of a Pod's devices each of its interfaces gets. */

import { type InterfacePlan, InterfacePlanError } from "./interface_plan.ts";

/**
 * Assigns each interface with a device pool the next device of that pool, each device once. A definition may name a pool
 * that is there for the scheduler alone: its plugins are run without a device where the Pod has none left.
 *
 * @param devices what kubelet gave the Pod, device IDs by resource name
 * @returns the device of each interface that has one, by interface index
 * @throws {InterfacePlanError} for the first interface to a network that there is no device left for
 */
export function assignDevices(
  plans: readonly InterfacePlan[],
  devices: ReadonlyMap<string, readonly string[]>,
): Map<number, string> {
  const used = new Map<string, number>();
  const assigned = new Map<number, string>();
  for (const { index, network, terms: { devicePool }, made } of plans) {
    if (devicePool === undefined) continue;
    const given = devices.get(devicePool) ?? [];
    const next = used.get(devicePool) ?? 0;
    const device = given[next];
    if (device === undefined && made) continue;
    if (device === undefined) {
      throw new InterfacePlanError(
        index,
        network,
        `the Pod has ${given.length} devices of pool ${devicePool}, must request one for each interface that uses it`,
      );
    }
    used.set(devicePool, next + 1);
    assigned.set(index, device);
  }
  return assigned;
}

/** Makes host links and puts them in order, with as many processes for a thousand of them as for one. */

import { configureNamespace, type SysctlStep } from "../../link/configure_namespace.ts";
import { ipv6Off } from "../../link/interface_settings.ts";
import { ipBatchAll } from "../../link/ip_batch_all.ts";
import type { IpCommand } from "../../link/ip_command.ts";
import type { IpError } from "../../link/ip_error.ts";
import { addVlan, addVxlan, setMtu, setUp } from "../../link/link_commands.ts";
import { addLinkName } from "../../link/link_names.ts";
import { vxlanMulticast } from "../../net/vni.ts";
import type { LinkChange } from "../../reconcile/host_links.ts";

/** A command and the change it is part of. */
interface Step {
  readonly change: LinkChange;
  readonly command: IpCommand;
}

/**
 * All VXLANs of a node join their multicast groups by one socket, which may join 20 unless told otherwise; another one
 * could not be set up. As many as there are numbers is no limit any more. Source: the kernel's networking/ip-sysctl.
 */
const MULTICAST_GROUPS: SysctlStep = { sysctl: { key: ["ipv4", "igmp_max_memberships"], value: `${2 ** 24}` } };

/** Where the process itself is. */
const OWN_NAMESPACE = "/proc/self/ns/net";

/**
 * Carries `changes` out, each whatever becomes of the others. Resolves to those that failed, with the first reason. A link
 * that is about to be used for the first time gets IPv6 switched off before it is up: the host must neither have addresses
 * in the networks of Pods nor believe the routers there.
 *
 * @throws {SysctlError | IpError} when none can be carried out to the end
 */
export async function applyLinkChanges(
  changes: readonly LinkChange[],
  group: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<LinkChange, IpError>> {
  const failures = new Map<LinkChange, IpError>();
  await runSteps(changes.flatMap((change) => orderSteps(change, group)), failures, signal);
  const toSetUp = changes.filter((change) => change.setUp && !failures.has(change));
  await configureNamespace(OWN_NAMESPACE, settingsFor(toSetUp), signal);
  await runSteps(toSetUp.map((change) => ({ change, command: setUp(change.name) })), failures, signal);
  return failures;
}

function settingsFor(changes: readonly LinkChange[]): SysctlStep[] {
  const hasVxlan = changes.some(({ type }) => type === "vxlan");
  return [...(hasVxlan ? [MULTICAST_GROUPS] : []), ...changes.map(({ name }) => ipv6Off(name))];
}

function orderSteps(change: LinkChange, group: number): Step[] {
  const { make, name, setMtu: mtu, addNames = [] } = change;
  return [
    ...(make ? [{ change, command: makeCommand(change, group) }] : []),
    ...(mtu === undefined ? [] : [{ change, command: setMtu(name, mtu) }]),
    ...addNames.map((other) => ({ change, command: addLinkName(name, other) })),
  ];
}

function makeCommand({ device: parent, type, vni: id, name }: LinkChange, group: number): IpCommand {
  return type === "vlan"
    ? addVlan({ parent, name, id, group })
    : addVxlan({ parent, name, id, group, multicast: vxlanMulticast(id) });
}

async function runSteps(
  steps: readonly Step[],
  failures: Map<LinkChange, IpError>,
  signal: AbortSignal,
): Promise<void> {
  for (const failure of await ipBatchAll(steps.map(({ command }) => command), undefined, signal)) {
    const { change } = steps[failure.index]!;
    if (!failures.has(change)) failures.set(change, failure);
  }
}

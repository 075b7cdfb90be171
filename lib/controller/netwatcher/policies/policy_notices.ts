/** What users are told of policies that cannot do what they say. */

import type { EventSubject } from "../../../kube/events/event_object.ts";
import { POLICY_RESOURCES } from "../../../plugin/policies/read_policies.ts";
import { isUserspaceDriver, pciDriver } from "../../../host/devices/pci_driver.ts";
import { type PolicyProblem, policyProblems } from "../../../policy/policy_problems.ts";
import type { PolicyView } from "../../../policy/policy_view.ts";
import type { Notice } from "../../teller.ts";
import type { KeptEndpoint, PeerInformers } from "./follow_peers.ts";
import type { ContainerPlace } from "./plan_container.ts";
import type { Look } from "./police_container.ts";
import type { FailureReason } from "./policy_meters.ts";
import type { Findings } from "./reconcile_policies.ts";

/** On the policy; all nodes say the same of it. */
export function problemNotice({ kind, namespace, name, uid }: PolicyView, { reason, note }: PolicyProblem): Notice {
  const { group, version } = POLICY_RESOURCES[kind];
  const subject: EventSubject = { apiVersion: `${group}/${version}`, kind, metadata: { namespace, name, uid } };
  return {
    subject,
    content: { type: "Warning", reason, action: "Police", note: `cannot be in force as written: ${note}` },
  };
}

/** On the Pod whose rules the kernel would not have. */
export function refusedNotice(pod: ContainerPlace["pod"], error: unknown): Notice {
  const why = error instanceof Error ? error.message : String(error);
  const note = `policies cannot be put in force, so what was in force before still is: ${why}`;
  return { subject: podSubject(pod), content: { type: "Warning", reason: "Refused", action: "Police", note } };
}

/** On the Pod that has an interface which the kernel does not see. */
export function userspaceNotice(pod: ContainerPlace["pod"], ifName: string, deviceId: string): Notice {
  const note =
    `no policy can hold on interface ${ifName}: a program of the Pod drives device ${deviceId}, so the kernel ` +
    "sees nothing of its traffic";
  return { subject: podSubject(pod), content: { type: "Warning", reason: "UserspaceDevice", action: "Police", note } };
}

/** All that a look came to, for those who are to be told. */
export interface Reported extends Pick<Findings, "policed" | "notices"> {
  readonly policies: readonly PolicyView[];
  readonly look: Look;
  readonly networks: ReadonlyMap<string, unknown> | undefined;
}

/**
 * Returns what tells users of everything that policies cannot do, as a look has found it, and resolves to the reasons.
 *
 * @param tell is given all that is the case, every time
 */
export function createPolicyReporter(
  tell: (notices: readonly Notice[]) => void,
  nodeName: string,
): (reported: Reported, peers: PeerInformers | undefined, signal: AbortSignal) => Promise<FailureReason[]> {
  const hidden = createHiddenFinder(nodeName);
  return async ({ policed, notices, policies, look, networks }, peers, signal) => {
    const world = { ...look.peers, policies };
    const problems = policies.flatMap((policy) =>
      policyProblems(policy, world, (key) => networks?.has(key)).map((problem) => problemNotice(policy, problem))
    );
    const all = [...problems, ...notices, ...await hidden(policed, peers?.endpoints.list() ?? [], signal)];
    tell(all);
    return all.map(({ content: { reason } }) => reason as FailureReason);
  };
}

/** Returns what finds interfaces that policies hold on and that the kernel does not see. A device's driver stays. */
function createHiddenFinder(nodeName: string) {
  const drivers = new Map<string, string | undefined>();
  return async (
    policed: Findings["policed"],
    endpoints: readonly KeptEndpoint[],
    signal: AbortSignal,
  ): Promise<Notice[]> => {
    const own = endpoints.filter(({ host, deviceId }) => host === nodeName && deviceId !== "");
    const uids = new Set(own.map(({ metadata: { uid = "" } }) => uid));
    for (const uid of drivers.keys()) if (!uids.has(uid)) drivers.delete(uid);
    for (const { metadata: { uid = "" }, deviceId } of own) {
      if (!drivers.has(uid)) drivers.set(uid, await pciDriver(deviceId, signal));
    }
    return policed.flatMap(({ place: { pod }, rules }) =>
      own.filter(({ metadata: { uid = "" }, podUid, ifName }) =>
        podUid === pod.uid && isUserspaceDriver(drivers.get(uid)) && rules.some(({ name }) => name === ifName)
      ).map(({ ifName, deviceId }) => userspaceNotice(pod, ifName, deviceId))
    );
  };
}

function podSubject({ namespace, name, uid }: ContainerPlace["pod"]): EventSubject {
  return { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid } };
}

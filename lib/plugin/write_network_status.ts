/** Tells on the Pod itself what it got, where others look for it. */

import { SELECTION_ANNOTATIONS } from "../api/attachment_definition.ts";
import { formatNetworkStatus, type MadeInterface } from "../attach/definitions/network_status.ts";
import type { InterfacePlan } from "../attach/interface_plan.ts";
import { startDeadline } from "../time/deadline.ts";
import type { Attachment } from "./attachment.ts";
import { deviceInfoFile, readDeviceInfo } from "./backends/device_info.ts";
import type { AttachedInterface } from "./backends/backend.ts";
import { withRoutes } from "./merge_attached.ts";
import type { Pod } from "./pod.ts";
import { messageOf } from "./to_cni_error.ts";

/**
 * How long the API server may take, in seconds, and what part of the time a call has: a Pod without the annotation is
 * better than one without network.
 */
const PATIENCE_SECONDS = 5;
const PATIENT_PART = 1 / 4;

/** What there is to tell. */
export interface StatusReport {
  readonly pod: Pod;
  /** In the order of the interfaces, with the default routes that stay. */
  readonly attached: readonly AttachedInterface[];
  /** Device of each interface that is made of one, by interface index. */
  readonly devices: ReadonlyMap<number, string>;
}

/**
 * Writes the annotation `k8s.v1.cni.cncf.io/network-status`, of all interfaces in one request, unless danm's configuration
 * switches it off, or leaves it to another meta-plugin that calls danm. What cannot be written is logged.
 */
export async function writeNetworkStatus(
  { services: { config, kube, log }, target }: Attachment,
  { pod, attached, devices }: StatusReport,
  signal: AbortSignal,
): Promise<void> {
  if (!config.networkStatus || !config.attachmentDefinitions || config.request) return;
  const seconds = Math.min(PATIENCE_SECONDS, config.timeout * PATIENT_PART);
  using deadline = startDeadline(signal, seconds * 1000, `no answer within ${seconds} s`);
  try {
    const made = await Promise.all(attached.map(async (one): Promise<MadeInterface> => {
      const device = await deviceOf(one.plan, devices, target.containerId);
      return {
        network: networkNameOf(one.plan),
        name: one.plan.name,
        result: withRoutes(one),
        isDefault: one.plan.index === 0,
        ...(device !== undefined && { device }),
      };
    }));
    const { namespace, name } = pod.metadata;
    const ref = { group: "", version: "v1", plural: "pods", namespace, name, subresource: "status" };
    // The UID, as another Pod of that name is none of this one's business.
    const body = {
      metadata: { uid: pod.objectUid, annotations: { [SELECTION_ANNOTATIONS.status]: formatNetworkStatus(made) } },
    };
    await kube.patch(ref, { type: "merge", body }, { signal: deadline.signal, idempotent: true });
  } catch (error) {
    if (signal.aborted) throw error;
    log.write("warning", "network status not written", { reason: messageOf(error) });
  }
}

function networkNameOf({ network, selected }: InterfacePlan): string {
  const { namespace, name } = (selected?.definition ?? network).metadata;
  return namespace ? `${namespace}/${name}` : name;
}

async function deviceOf(
  plan: InterfacePlan,
  devices: ReadonlyMap<number, string>,
  containerId: string,
): Promise<unknown> {
  const id = devices.get(plan.index);
  const pool = plan.terms.devicePool;
  if (id === undefined || pool === undefined) return undefined;
  return await readDeviceInfo({ pool, id }, deviceInfoFile(networkNameOf(plan), containerId, plan.name));
}

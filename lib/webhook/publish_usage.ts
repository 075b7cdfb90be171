/** Writes on TenantConfigs how many of their numbers are in use, for who looks at them. */

import { vniUsageAnnotation } from "../api/labels.ts";
import { type ApiGroup, resourceFor } from "../api/resource.ts";
import { vniUsage } from "../admit/vni_usage.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isNotFound } from "../kube/client/kube_error.ts";
import type { Surroundings } from "./surroundings.ts";

/** Brings the annotation of all TenantConfigs in line. */
export async function publishUsage(
  kube: KubeClient,
  group: ApiGroup,
  { store, tenantConfigs }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const configs = (await tenantConfigs(signal)).filter(({ hostDevices = [] }) => hostDevices.some((d) => d.vniRange));
  if (configs.length === 0) return;
  const blocks = await store.list(signal);
  const key = vniUsageAnnotation(group);
  for (const config of configs) {
    const usage = vniUsage(config, blocks);
    const { name, annotations } = config.metadata;
    if (annotations?.[key] === usage) continue;
    const body = { metadata: { annotations: { [key]: usage } } };
    try {
      await kube.patch({ ...resourceFor("TenantConfig", group), name }, { type: "merge", body }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error; // it was deleted meanwhile
    }
  }
}

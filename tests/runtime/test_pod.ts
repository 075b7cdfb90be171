/** Pods that exist in the API alone; their containers are namespaces a test makes. */

import type { KubeClient } from "../../lib/kube/client/client.ts";

/** A Pod as the API server made it. */
export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Creates a Pod that asks for `interfaces`; without them it has no annotation. */
export async function createPod(
  client: KubeClient,
  namespace: string,
  interfaces?: readonly unknown[] | string,
  annotation = "danm.k8s.io/interfaces",
  nodeName = "node-1",
  others: Readonly<Record<string, string>> = {},
): Promise<TestPod> {
  const value = typeof interfaces === "string" ? interfaces : JSON.stringify(interfaces);
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: "pod-",
      annotations: { ...others, ...(interfaces !== undefined && { [annotation]: value }) },
    },
    // Deleted at once: there is no kubelet to confirm that its containers have ended.
    spec: { nodeName, containers: [{ name: "main", image: "none" }], terminationGracePeriodSeconds: 0 },
  };
  const made = await client.create<{ metadata: { name: string; uid: string } }>(
    { group: "", version: "v1", plural: "pods", namespace },
    pod,
    { signal: AbortSignal.timeout(10_000) },
  );
  return { namespace, name: made.metadata.name, uid: made.metadata.uid };
}

/** Creates a namespace of one's own in the API. */
export async function createApiNamespace(client: KubeClient, prefix = "test-"): Promise<string> {
  const made = await client.create<{ metadata: { name: string } }>(
    { group: "", version: "v1", plural: "namespaces" },
    { apiVersion: "v1", kind: "Namespace", metadata: { generateName: prefix } },
    { signal: AbortSignal.timeout(10_000) },
  );
  return made.metadata.name;
}

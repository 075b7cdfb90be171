/** A cluster of its own for tests of the webhook: one that is registered would stand in the way of all others' tests. */

import { fromFileUrl } from "@std/path/posix";
import type { Network, NetworkKind, NetworkSpec } from "../../lib/api/network.ts";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import { awaitedVni } from "../../lib/api/vni_wait.ts";
import { heldVnis, vniKey } from "../../lib/admit/vni_block.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { eventually } from "../cluster/eventually.ts";
import { type ApiGroup, apiVersionOf, DEFAULT_API_GROUP, type Kind, resourceFor } from "../../lib/api/resource.ts";
import type { TenantConfigBody } from "../../lib/api/tenant_config.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../crds/install_sets.ts";

export const GROUP = DEFAULT_API_GROUP;

/** The folder of what an administrator applies. */
export const MANIFESTS = fromFileUrl(new URL("../../manifests/webhook", import.meta.url));

/** A review of what is none of the webhook's business. */
export const POD_REVIEW = JSON.stringify({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "a",
    kind: { group: "", version: "v1", kind: "Pod" },
    operation: "CREATE",
    object: { metadata: {} },
  },
});

/** A signal for one call of a test. */
export const soon = () => ({ signal: AbortSignal.timeout(30_000) });

/**
 * Installs DANM's kinds, the webhook's own rights and its configurations. Resolves to the kubeconfig of the webhook's
 * service account.
 */
export async function installWebhook(cluster: Cluster, group: ApiGroup = GROUP): Promise<string> {
  await installCrds(cluster, group, "lightweight", "production");
  const configurations = group === GROUP ? MANIFESTS : `${MANIFESTS}/../${group}`;
  await applyManifests(cluster, `${MANIFESTS}/rbac.yaml`, `${configurations}/registration.yaml`);
  return await cluster.kubeconfigFor({ namespace: "kube-system", name: "danm-webhook" });
}

/** The manifest of a network. */
export function network(
  kind: NetworkKind,
  namespace: string,
  name: string,
  spec: NetworkSpec,
  group: ApiGroup = GROUP,
): Network {
  const metadata = kind === "ClusterNetwork" ? { name } : { name, namespace };
  return { apiVersion: apiVersionOf(group), kind, metadata, spec } as Network;
}

/** Makes what `object` says. */
export async function create<T extends { apiVersion: string; kind: string; metadata: { namespace?: string } }>(
  client: KubeClient,
  object: T,
  options: { readonly dryRun?: boolean } = {},
): Promise<T> {
  const { namespace } = object.metadata;
  const group = object.apiVersion.split("/")[0] as ApiGroup;
  return await client.create<T>({ ...resourceFor(object.kind as Kind, group), namespace }, object, {
    ...soon(),
    ...options,
  });
}

/** Makes or replaces the TenantConfig `name`. */
export async function putTenantConfig(
  client: KubeClient,
  name: string,
  body: TenantConfigBody,
  group: ApiGroup = GROUP,
): Promise<void> {
  const object = { apiVersion: apiVersionOf(group), kind: "TenantConfig", metadata: { name }, ...body };
  const patch = { type: "apply", body: object, fieldManager: "test", force: true } as const;
  await client.patch({ ...resourceFor("TenantConfig", group), name }, patch, soon());
}

/** The TenantNetwork `name` when it waits for nothing any more: the leading replica gives numbers to what is stored. */
export async function settled(
  client: KubeClient,
  namespace: string,
  name: string,
  group: ApiGroup = GROUP,
): Promise<Network> {
  const ref = { ...resourceFor("TenantNetwork", group), namespace, name };
  return await eventually(`see ${name} with its number`, async () => {
    const network = await client.get<Network>(ref, soon());
    return awaitedVni(network.metadata) === undefined ? network : undefined;
  });
}

/** All TenantNetworks of a namespace, when none of them waits any more. */
export async function allSettled(client: KubeClient, namespace: string): Promise<readonly Network[]> {
  const networks = { ...resourceFor("TenantNetwork", GROUP), namespace };
  return await eventually("see all of them with their numbers", async () => {
    const all = await listAll<Network>(client, networks, soon());
    return all.every(({ metadata }) => awaitedVni(metadata) === undefined) ? all : undefined;
  }, 500);
}

/** Who holds which numbers: `vlan 7 ens4` or `vxlan 7`, to the UID. */
export async function heldNumbers(client: KubeClient, group: ApiGroup = GROUP): Promise<Map<string, string>> {
  const blocks = await listAll<AddressBlock>(client, resourceFor("AddressBlock", group), soon());
  return new Map(heldVnis(blocks).map((held) => [vniKey(held), held.owner]));
}

/** The record of a Pod on `network`, as danm makes it. */
export function endpointOf(network: Network, namespace: string, name: string, address = "") {
  return {
    apiVersion: apiVersionOf(GROUP),
    kind: "DanmEp",
    metadata: { name, namespace, labels: { [`${GROUP}/network-uid`]: network.metadata.uid! } },
    spec: {
      NetworkName: network.metadata.name,
      NetworkType: "ipvlan",
      NetworkUID: network.metadata.uid!,
      EndpointID: name,
      apiType: network.kind,
      Host: "node",
      Pod: `pod-${name}`,
      PodUID: "uid",
      CID: "cid",
      netns: "/run/netns/x",
      Interface: {
        Name: "eth0",
        Address: address,
        AddressIPv6: "",
        MacAddress: "",
        proutes: {},
        proutes6: {},
        DeviceID: "",
      },
    },
  };
}

/** What `promise` complains about; fails when it does not. */
export async function complaint(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("Cannot see a complaint: the request was accepted");
}

/** A cluster that the original system left: its loose resource definitions, and objects as it wrote them. */

import { stringify } from "@std/yaml";
import type { NetworkOptions } from "../../lib/api/network.ts";
import { API_VERSION, DEFAULT_API_GROUP, type Kind, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { soon } from "./cleaner_scene.ts";

const GROUP = DEFAULT_API_GROUP;

/** Installs definitions that take everything, as the original's did, to be replaced by DANM's. */
export async function installOriginalCrds(cluster: Cluster): Promise<void> {
  const crds = (["DanmNet", "ClusterNetwork", "DanmEp"] as const).map((kind) => {
    const { plural, namespaced } = resourceFor(kind, GROUP);
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    return stringify({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: `${plural}.${GROUP}`,
        annotations: { "api-approved.kubernetes.io": "unapproved, for a test" },
      },
      spec: {
        group: GROUP,
        scope: namespaced ? "Namespaced" : "Cluster",
        names: { kind, plural, singular: kind.toLowerCase() },
        versions: [{ name: API_VERSION, served: true, storage: true, schema }],
      },
    });
  });
  const file = `${cluster.folder}/original.yaml`;
  await Deno.writeTextFile(file, crds.join("---\n"));
  await applyManifests(cluster, file);
}

/** A bitmap as the original wrote it: the highest bit first, the two ends always set. */
export function bitmap(hostBits: number, offsets: readonly number[]): string {
  const bytes = new Uint8Array(Math.ceil(2 ** hostBits / 8));
  for (const offset of [0, 2 ** hostBits - 1, ...offsets]) bytes[offset >> 3]! |= 0x80 >> (offset & 7);
  return bytes.toBase64();
}

/** Creates a network as the original stored it. */
export async function createOriginalNetwork(
  admin: KubeClient,
  kind: "DanmNet" | "ClusterNetwork",
  namespace: string | undefined,
  name: string,
  options: NetworkOptions,
): Promise<void> {
  const Options = { host_device: "eth0", container_prefix: "", rt_tables: 0, ...options };
  await createOriginal(admin, kind, namespace, name, {
    NetworkID: "id",
    NetworkType: "ipvlan",
    Options,
    Validation: true,
  });
}

/** Who is attached to what, as the original recorded it; early versions wrote no `PodUID`. */
export interface OriginalAttachment {
  readonly network: string;
  readonly apiType?: "DanmNet" | "ClusterNetwork";
  readonly pod: string;
  readonly podUid?: string;
  readonly containerId: string;
  readonly address?: string;
  readonly address6?: string;
}

/** Creates a DanmEp as the original stored it: under a UUID, with the labels of its Pod, and null for no routes. */
export async function createOriginalEndpoint(
  admin: KubeClient,
  namespace: string,
  { network, apiType = "DanmNet", pod, podUid, containerId, address = "", address6 = "" }: OriginalAttachment,
): Promise<string> {
  const name = crypto.randomUUID();
  await createOriginal(admin, "DanmEp", namespace, name, {
    NetworkName: network,
    NetworkType: "ipvlan",
    EndpointID: name,
    apiType,
    Host: "node-1",
    Pod: pod,
    ...(podUid !== undefined && { PodUID: podUid }),
    CID: containerId,
    netns: "/proc/1/ns/none",
    Interface: {
      Name: "eth0",
      Address: address,
      AddressIPv6: address6,
      MacAddress: "",
      proutes: null,
      proutes6: null,
    },
  }, { app: "web" });
  return name;
}

async function createOriginal(
  admin: KubeClient,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  spec: object,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const object = { apiVersion: `${GROUP}/${API_VERSION}`, kind, metadata: { name, labels }, spec };
  await admin.create({ ...resourceFor(kind, GROUP), ...(namespace !== undefined && { namespace }) }, object, soon());
}

import { SELECTION_ANNOTATIONS } from "../../api/attachment_definition.ts";
import type { KubeObject } from "../../api/kube_object.ts";
import { podUid } from "../../api/pod_uid.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import { objectKey } from "../../kube/watch/object_key.ts";
import type { RememberedObjects } from "../../plugin/access/cluster_access.ts";
import type { Pod } from "../../plugin/pod.ts";
import { namedPorts, type PodContainers } from "../../policy/named_ports.ts";
import type { Daemon } from "../daemon.ts";
import { watchResource } from "../watch_resource.ts";
import type { NetworkInformers } from "./follow_link_sources.ts";

/** Annotations that say how a Pod is attached begin with one of these. */
const READ = ["danm.k8s.io/", "danm.io/", SELECTION_ANNOTATIONS.networks, SELECTION_ANNOTATIONS.defaultNetwork];

/** The same as it comes from the API server. */
type WirePod = KubeObject<"Pod", { readonly spec: { readonly nodeName?: string } & PodContainers }>;

/** The Pods of this node, and of those only what an attachment goes by: nothing grows with the Pods of other nodes. */
export function followOwnPods(daemon: Daemon, nodeName: string): Informer<Pod> {
  return watchResource<WirePod, Pod>(daemon, {
    resource: { group: "", version: "v1", plural: "pods" },
    fieldSelector: `spec.nodeName=${nodeName}`,
    transform: reducePod,
  }, () => {});
}

function reducePod({ apiVersion, kind, metadata, spec }: WirePod): Pod {
  const { nodeName } = spec;
  const { namespace = "", name, resourceVersion, annotations = {} } = metadata;
  const read = Object.entries(annotations).filter(([key]) => READ.some((prefix) => key.startsWith(prefix)));
  return {
    apiVersion,
    kind,
    metadata: {
      namespace,
      name,
      uid: podUid(metadata),
      ...(resourceVersion !== undefined && { resourceVersion }),
      annotations: Object.fromEntries(read),
    },
    spec: { ...(nodeName !== undefined && { nodeName }) },
    objectUid: metadata.uid ?? "",
    ports: namedPorts(spec),
  };
}

/** What the caches know, for as long as they follow the API server. */
export function rememberObjects(
  { apiGroup }: Pick<Daemon, "apiGroup">,
  pods: Informer<Pod>,
  networks: NetworkInformers,
): RememberedObjects {
  const recall = <T>(informer: Informer<T>, namespace: string | undefined, name: string) =>
    informer.isCurrent ? informer.get(objectKey({ name, ...(namespace !== undefined && { namespace }) })) : undefined;
  return {
    apiGroup,
    pod: (namespace, name) => recall(pods, namespace, name),
    network: (kind, namespace, name) => recall(networks[kind], kind === "ClusterNetwork" ? undefined : namespace, name),
  };
}

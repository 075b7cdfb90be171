/** EndpointSlices: where a Service can be reached. Source: Kubernetes API, discovery.k8s.io/v1 EndpointSlice. */

import type { IpFamily } from "./address_block.ts";
import type { KubeObject } from "./kube_object.ts";

/** Whom endpoints lead to. */
export interface PodReference {
  readonly kind: "Pod";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One address of a Pod. Kubernetes' own controllers write one address in each as well: nothing reads a second one. */
export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: {
    /** Takes new connections. */
    readonly ready?: boolean;
    /** As `ready`, but also while terminating. */
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: PodReference;
  /** Of the node. */
  readonly zone?: string;
  /** Whose traffic this endpoint is for; proxies heed it only when every ready endpoint of the Service has it. */
  readonly hints?: EndpointHints;
}

export interface EndpointHints {
  readonly forZones?: readonly { readonly name: string }[];
  readonly forNodes?: readonly { readonly name: string }[];
}

export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

export type EndpointSlice = KubeObject<"EndpointSlice", {
  readonly addressType: IpFamily;
  /** The API server writes an empty list as `null`. */
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly EndpointPort[] | null;
}>;

/** Label: name of the Service. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
/** Label: who writes the slice; everybody else leaves it alone. */
export const SLICE_MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by";
/** Label of the slices and Endpoints of a headless Service, which proxies skip. */
export const HEADLESS_LABEL = "service.kubernetes.io/headless";

export const ENDPOINT_SLICES = { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" } as const;

/** Endpoints, which EndpointSlices replaced. Source: Kubernetes API, core/v1 Endpoints. */

import type { EndpointPort, PodReference } from "./endpoint_slice.ts";
import type { KubeObject } from "./kube_object.ts";

export interface EndpointsAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: PodReference;
}

export interface EndpointsSubset {
  readonly addresses?: readonly EndpointsAddress[];
  readonly notReadyAddresses?: readonly EndpointsAddress[];
  readonly ports?: readonly EndpointPort[];
}

/** Its name is that of the Service. */
export type Endpoints = KubeObject<"Endpoints", { readonly subsets?: readonly EndpointsSubset[] | null }>;

/** Label: who writes the object. */
export const ENDPOINTS_MANAGER_LABEL = "endpoints.kubernetes.io/managed-by";
/** Label: nobody makes EndpointSlices of it. */
export const SKIP_MIRROR_LABEL = "endpointslice.kubernetes.io/skip-mirror";
/** Annotation: `truncated` where the object does not hold all addresses. */
export const OVER_CAPACITY_ANNOTATION = "endpoints.kubernetes.io/over-capacity";

export const ENDPOINTS = { group: "", version: "v1", plural: "endpoints" } as const;

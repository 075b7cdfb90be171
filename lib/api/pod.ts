/** Pods, as far as DANM's daemons read them. Source: Kubernetes API, core/v1 Pod. */

import type { KubeObject } from "./kube_object.ts";

export type Pod = KubeObject<"Pod", {
  readonly spec: {
    readonly nodeName?: string;
    readonly hostname?: string;
    readonly subdomain?: string;
  };
  readonly status?: {
    /** `Succeeded` and `Failed` are for good. */
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}>;

/** What people call a Pod. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

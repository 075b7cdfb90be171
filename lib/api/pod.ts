/** Pods, as far as DANM's daemons read them. Source: Kubernetes API, core/v1 Pod. */

import type { KubeObject } from "./kube_object.ts";

/** The ports that a container names. */
export interface ContainerFields {
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    /** TCP when absent. */
    readonly protocol?: string;
  }[];
}

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

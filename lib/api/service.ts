/** Services, as far as DANM reads them. Source: Kubernetes API, core/v1 Service. */

import type { IpFamily } from "./address_block.ts";
import type { KubeObject } from "./kube_object.ts";

/** One port of a Service; the API server fills in `protocol`. */
export interface ServicePort {
  /** May be missing where a Service has one port. */
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

export interface ServiceSpec {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  /** Labels of the Pods that Kubernetes itself makes endpoints of. */
  readonly selector?: Readonly<Record<string, string>>;
  /** `None` for a headless Service. */
  readonly clusterIP?: string;
  readonly ports?: readonly ServicePort[];
  /** The first one is the primary one. */
  readonly ipFamilies?: readonly IpFamily[];
  readonly publishNotReadyAddresses?: boolean;
  /** Whose traffic endpoints are for: `PreferClose` and its newer name `PreferSameZone`, `PreferSameNode`; all when absent. */
  readonly trafficDistribution?: string;
}

export type Service = KubeObject<"Service", { readonly spec: ServiceSpec }>;

/** A Service without an address of its own: what asks for it is told of the endpoints themselves. */
export const HEADLESS = "None";

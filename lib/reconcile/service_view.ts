/** What a Service asks of DANM. */

import type { IpFamily } from "../api/address_block.ts";
import { type AnnotationName, findAnnotation } from "../api/annotations.ts";
import { identityOf, type ObjectMeta } from "../api/kube_object.ts";
import type { NetworkKind } from "../api/network.ts";
import { HEADLESS, type Service, type ServicePort } from "../api/service.ts";
import {
  type LabelSelector,
  type NamedNetwork,
  parseLabelSelector,
  parseNetworkNames,
  ServiceAnnotationError,
} from "./service_selector.ts";

/** Which Pods, on which of their interfaces, and how they are to be told of. */
export interface ServiceDemand {
  readonly selector: LabelSelector;
  readonly networks: readonly NamedNetwork[];
  /** Without repetition, the primary one first. */
  readonly families: readonly IpFamily[];
  readonly ports: readonly ServicePort[];
  readonly headless: boolean;
  readonly publishNotReady: boolean;
  /** Whom endpoints are to serve first; absent for everybody. */
  readonly preferred?: "zone" | "node";
}

/** A Service, reduced to what DANM does for it. */
export interface ServiceView {
  readonly metadata: ObjectMeta;
  /** Absent when the Service is not for DANM. */
  readonly demand?: ServiceDemand;
  /** Why it is not for DANM although somebody seems to want that, in a sentence. */
  readonly problem?: string;
}

const NETWORK_ANNOTATIONS: Readonly<Partial<Record<AnnotationName, NetworkKind>>> = {
  network: "DanmNet",
  tenantNetwork: "TenantNetwork",
  clusterNetwork: "ClusterNetwork",
};

/** What is left of `service` when DANM has looked at it; nothing but its identity when it asks for nothing. */
export function viewService({ metadata, spec }: Service): ServiceView {
  const { labels, deletionTimestamp } = metadata;
  const identity = identityOf(metadata);
  try {
    const demand = readDemand({ metadata, spec });
    if (demand === undefined) return { metadata: identity };
    const more = { ...(labels && { labels }), ...(deletionTimestamp !== undefined && { deletionTimestamp }) };
    return { metadata: { ...identity, ...more }, demand };
  } catch (error) {
    if (error instanceof ServiceAnnotationError) return { metadata: identity, problem: error.message };
    throw error;
  }
}

function readDemand({ metadata, spec }: Pick<Service, "metadata" | "spec">): ServiceDemand | undefined {
  const selector = findAnnotation(metadata.annotations, "selector");
  const networks = Object.entries(NETWORK_ANNOTATIONS).flatMap(([name, kind]) => {
    const annotation = findAnnotation(metadata.annotations, name as AnnotationName);
    return annotation === undefined ? [] : [{ kind, annotation }];
  });
  const [first] = networks;
  const given = selector ?? first?.annotation;
  if (given === undefined || spec.type === "ExternalName") return undefined;
  if (selector === undefined) throw new ServiceAnnotationError(given.key, "danm.k8s.io/selector is missing beside it");
  if (first === undefined) {
    const names = Object.keys(NETWORK_ANNOTATIONS).map((name) => `danm.k8s.io/${name}`).join(", ");
    throw new ServiceAnnotationError(given.key, `none of ${names} is there beside it`);
  }
  if (Object.keys(spec.selector ?? {}).length > 0) {
    throw new ServiceAnnotationError(
      given.key,
      "the Service has a spec.selector, so its endpoints are made by Kubernetes",
    );
  }
  return {
    selector: parseLabelSelector(selector),
    networks: networks.flatMap(({ kind, annotation }) => parseNetworkNames(kind, annotation)),
    families: [...new Set(spec.ipFamilies ?? ["IPv4", "IPv6"] as const)],
    ports: spec.ports ?? [],
    headless: spec.clusterIP === HEADLESS,
    publishNotReady: spec.publishNotReadyAddresses ?? false,
    ...preferenceOf(spec.trafficDistribution),
  };
}

/** Source: Kubernetes API, core/v1 ServiceSpec.trafficDistribution; a value that is not known asks for nothing. */
function preferenceOf(distribution: string | undefined): Pick<ServiceDemand, "preferred"> {
  if (distribution === "PreferSameNode") return { preferred: "node" };
  return distribution === "PreferClose" || distribution === "PreferSameZone" ? { preferred: "zone" } : {};
}

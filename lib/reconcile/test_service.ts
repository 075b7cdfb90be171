/** Services, Pods and DanmEps as tests of this folder make them up. */

import type { DanmEp } from "../api/danm_ep.ts";
import type { NetworkKind } from "../api/network.ts";
import type { Pod } from "../api/pod.ts";
import type { Service, ServiceSpec } from "../api/service.ts";
import { type InterfaceView, type ServicePod, viewInterface, viewPod } from "./service_endpoints.ts";
import { type ServiceDemand, type ServiceView, viewService } from "./service_view.ts";

/** What is special about a Service. */
export interface TestService extends ServiceSpec {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly deletionTimestamp?: string;
}

/** A headless Service `web` for the Pods with `app: web` on DanmNet `net`, of both families, with one port. */
export function testService(special: TestService = {}): Service {
  const { annotations, labels, uid = "uid-web", deletionTimestamp, ...spec } = special;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "web",
      namespace: "ns",
      uid,
      resourceVersion: "1",
      annotations: annotations ?? { "danm.k8s.io/selector": '{"app":"web"}', "danm.k8s.io/network": "net" },
      ...(labels && { labels }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: {
      clusterIP: "None",
      ipFamilies: ["IPv4", "IPv6"],
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      ...spec,
    },
  };
}

/** The same as DANM sees it. Throws when it is not for DANM. */
export function demandingService(special: TestService = {}): ServiceView & { readonly demand: ServiceDemand } {
  const view = viewService(testService(special));
  if (view.demand === undefined) throw new Error(view.problem ?? "the Service asks for nothing");
  return { ...view, demand: view.demand };
}

/** What is special about a Pod. */
export interface TestPodSettings {
  readonly uid?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly subdomain?: string;
}

/** The Pod `name` on node `node-1`, running and ready unless said otherwise. */
export function testPod(name: string, settings: TestPodSettings = {}): Pod {
  const { uid = `uid-${name}`, phase = "Running", ready = true, terminating = false, annotations, ...spec } = settings;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "ns",
      uid,
      resourceVersion: "1",
      labels: { app: "web" },
      ...(annotations && { annotations }),
      ...(terminating && { deletionTimestamp: "2030-01-01T00:00:00Z" }),
    },
    spec: { nodeName: "node-1", ...spec },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

/** An interface of the Pod `pod` with `addresses`, with their prefix lengths, on DanmNet `net` unless said otherwise. */
export function testInterface(
  pod: string,
  addresses: { readonly ip?: string; readonly ip6?: string },
  { name = "net", kind = "DanmNet", uid = `uid-${pod}`, sandbox = "c1", ...made }: {
    name?: string;
    kind?: NetworkKind;
    uid?: string;
    sandbox?: string;
    creationTimestamp?: string;
    resourceVersion?: string;
  } = {},
): InterfaceView {
  const { ip = "", ip6 = "" } = addresses;
  const spec = {
    Pod: pod,
    PodUID: uid,
    CID: sandbox,
    apiType: kind,
    NetworkName: name,
    Interface: { Address: ip, AddressIPv6: ip6 },
  };
  return viewInterface({ metadata: { name: `${pod}-${ip}${ip6}`, namespace: "ns", ...made }, spec } as DanmEp);
}

/** A Pod with its interfaces, as the plans are given it. */
export function podWith(pod: Pod, ...interfaces: readonly InterfaceView[]): ServicePod {
  return { pod: viewPod(pod), interfaces };
}

/** kubelet's PodResources API as the gRPC library speaks it, for tests. */
import {
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type StatusObject,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fromFileUrl } from "@std/path/posix";

/** A Pod on the node, in the fields of kubelet's own message. */
export interface PodResources {
  readonly name: string;
  readonly namespace: string;
  readonly containers: readonly ContainerResources[];
}

/** One container of it. */
export interface ContainerResources {
  readonly name: string;
  readonly devices?: readonly ContainerDevices[];
  readonly cpu_ids?: readonly number[];
  readonly memory?: readonly { readonly memory_type: string; readonly size: number }[];
  readonly dynamic_resources?: readonly DynamicResource[];
}

/** What it has by one claim. */
export interface DynamicResource {
  readonly claim_name: string;
  readonly claim_namespace: string;
  readonly claim_resources?: readonly {
    readonly driver_name: string;
    readonly pool_name: string;
    readonly device_name: string;
  }[];
}

/** What it has of one resource, or of one NUMA node's share of it. */
export interface ContainerDevices {
  readonly resource_name: string;
  readonly device_ids: readonly string[];
  readonly topology?: { readonly nodes: readonly { readonly ID: number }[] };
}

/** How a method answers: with a message, with a refusal, or never. */
export type Answer<Request, Response> = (request: Request) => Response | Partial<StatusObject> | undefined;

/** The methods of the service. */
export interface Kubelet {
  readonly Get: Answer<{ pod_name: string; pod_namespace: string }, { pod_resources: PodResources }>;
  readonly List: Answer<Record<string, never>, { pod_resources: readonly PodResources[] }>;
}

const DEFINITION = loadSync(fromFileUrl(import.meta.resolve("./pod_resources.proto")), {
  keepCase: true,
  longs: Number,
})["v1.PodResourcesLister"] as ServiceDefinition;

/** The bytes of a ListPodResourcesResponse. */
export function encodeList(pods: readonly PodResources[]): Uint8Array {
  const list = DEFINITION["List"] as MethodDefinition<unknown, unknown>;
  return list.responseSerialize({ pod_resources: pods });
}

/** Serves `kubelet` at `socketPath` until disposed of. */
export async function servePodResources(socketPath: string, kubelet: Kubelet): Promise<Disposable> {
  const server = new Server();
  server.addService(DEFINITION, { Get: handler(kubelet.Get), List: handler(kubelet.List) });
  await new Promise<void>((resolve, reject) => {
    const bound = (error: Error | null) => error ? reject(error) : resolve();
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), bound);
  });
  return { [Symbol.dispose]: () => server.forceShutdown() };
}

function handler<Request, Response>(answer: Answer<Request, Response>): handleUnaryCall<Request, Response> {
  return ({ request }, callback) => {
    const response = answer(request);
    if (response === undefined) return;
    if (typeof response === "object" && response !== null && "code" in response) callback(response);
    else callback(null, response as Response);
  };
}

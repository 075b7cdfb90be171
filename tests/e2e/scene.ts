import { fromFileUrl } from "@std/path/posix";
import { DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import type { RealCluster } from "./real_cluster.ts";

const WORKLOADS = fromFileUrl(new URL("workloads.yaml", import.meta.url));

/** A Pod that serves. */
export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly address: string;
}

/** What tests do with the Pods of `workloads.yaml`. */
export interface Scene {
  /** The Pods with the label `app`, once there are so many, all ready and none that goes. */
  pods(app: string, count: number): Promise<readonly PodView[]>;
  /** The IPv4 addresses that the Pods have on a network, by Pod, as DANM recorded them. */
  addresses(network: string): Promise<ReadonlyMap<string, string>>;
  /** Runs a command in a Pod; resolves to what it printed. */
  exec(pod: PodView, ...command: readonly string[]): Promise<string>;
  /** The IPv4 addresses that a Pod finds under the name of a Service, sorted. */
  resolve(pod: PodView, service: string): Promise<readonly string[]>;
  /** Waits until a Service leads to what these Pods have on a network, and to nothing else. */
  leadsTo(from: PodView, service: string, network: string, pods: readonly PodView[]): Promise<readonly string[]>;
  /** What a server says to a Pod at an address or name. */
  request(from: PodView, address: string): Promise<string>;
}

/** A Pod as the API server has it. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface EndpointObject {
  readonly spec: {
    readonly NetworkName: string;
    readonly Pod: string;
    readonly Interface: { readonly Address: string };
  };
}

/** How often to look at a cluster, in milliseconds. */
const LOOK_MS = 250;

export function openScene(cluster: RealCluster): Scene {
  const kubectl = cluster.kubectl;

  const pods: Scene["pods"] = (app, count) =>
    eventually(`see ${count} Pods of ${app}`, async () => {
      const { items }: { items: readonly PodObject[] } = JSON.parse(
        await kubectl("get", "pods", `--selector=app=${app}`, "--output=json"),
      );
      if (items.length !== count || !items.every(isServing)) {
        throw new Error(items.map(({ metadata, status }) => `${metadata.name} ${status.podIP ?? "-"}`).join(", "));
      }
      return items.map(({ metadata: { name, uid }, spec, status }) => {
        return { name, uid, node: spec.nodeName ?? "", address: status.podIP ?? "" };
      });
    }, LOOK_MS);

  const addresses: Scene["addresses"] = async (network) => {
    using client = cluster.client();
    const resource = { ...resourceFor("DanmEp", DEFAULT_API_GROUP), namespace: "default" };
    const { items } = await client.list<EndpointObject>(resource, { signal: AbortSignal.timeout(10_000) });
    const there = items.filter(({ spec }) => spec.NetworkName === network);
    return new Map(there.map(({ spec }) => [spec.Pod, spec.Interface.Address.replace(/\/.*/, "")]));
  };

  const exec: Scene["exec"] = (pod, ...command) => kubectl("exec", pod.name, "--", ...command);

  const resolve: Scene["resolve"] = async (pod, service) => {
    const answer = await exec(pod, "nslookup", "-type=a", `${service}.default.svc.cluster.local`);
    const found = answer.split("Name:").slice(1).flatMap((part) => /Address: (\S+)/.exec(part)?.[1] ?? []);
    return found.sort();
  };

  return {
    pods,
    addresses,
    exec,
    resolve,
    leadsTo: (from, service, network, pods) =>
      eventually(`find Pods by ${service}`, async () => {
        const [found, known] = await Promise.all([resolve(from, service), addresses(network)]);
        const expected = pods.map(({ name }) => known.get(name) ?? `${name} has none`).sort();
        if (found.join() !== expected.join()) throw new Error(`found ${found}, expected ${expected}`);
        return found;
      }, LOOK_MS),
    request: (from, address) => exec(from, "timeout", "5", "wget", "-q", "-O", "-", `http://${address}/`),
  };
}

/** Whether it is ready, and not about to go. */
export function isServing({ metadata, status }: PodObject): boolean {
  const ready = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  return ready && metadata.deletionTimestamp === undefined;
}

/** Makes the networks, then the Pods and Services on them. */
export async function applyScene(cluster: RealCluster, networks: string): Promise<void> {
  const file = `${cluster.folder}/networks.yaml`;
  await Deno.writeTextFile(file, networks);
  await cluster.kubectl("apply", `--filename=${file}`);
  await cluster.kubectl("apply", `--filename=${WORKLOADS}`);
}

/** Removes the Pods and Services; the networks stay. */
export async function deleteScene(cluster: RealCluster): Promise<void> {
  await cluster.kubectl("delete", `--filename=${WORKLOADS}`);
  await cluster.kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s");
}

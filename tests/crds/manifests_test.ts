import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { NETWORK_KINDS, type NetworkKind } from "../../lib/api/network.ts";
import { API_GROUPS, type ApiGroup, apiVersionOf, type Kind, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { KubeError } from "../../lib/kube/client/kube_error.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { installCrds } from "./install_sets.ts";

const cluster = await sharedCluster();

interface Case {
  readonly name: string;
  readonly refused?: string;
}
interface NetworkCase extends Case {
  readonly kinds?: readonly NetworkKind[];
  readonly stored?: object;
  readonly spec: object;
}
interface TenantConfigCase extends Case {
  readonly body: object;
}
interface DanmEpCase extends Case {
  readonly spec?: object;
  readonly interface?: object;
}

async function cases<T>(file: string): Promise<T[]> {
  return parse(await Deno.readTextFile(new URL(`fixtures/${file}.yaml`, import.meta.url))) as T[];
}

/** What one table needs to know of the cluster. */
interface Target {
  readonly client: KubeClient;
  readonly group: ApiGroup;
}

function collection({ group }: Target, kind: Kind) {
  const { namespaced, ...resource } = resourceFor(kind, group);
  return { ...resource, ...(namespaced && { namespace: "default" }) };
}

function manifest({ group }: Target, kind: Kind, body: object, name = `test-${crypto.randomUUID()}`) {
  return { apiVersion: apiVersionOf(group), kind, metadata: { name }, ...body };
}

/** Sends a request that must be refused with a 422 whose message holds `refused`, or pass when that is undefined. */
async function judge(refused: string | undefined, send: () => Promise<unknown>): Promise<void> {
  if (refused === undefined) return void await send();
  const error = await assertRejects(send, KubeError);
  assertEquals(error.status, 422);
  assertStringIncludes(error.message, refused);
}

async function judgeNew(target: Target, kind: Kind, body: object, refused: string | undefined): Promise<void> {
  const options = { signal: AbortSignal.timeout(10_000), dryRun: true };
  await judge(refused, () => target.client.create(collection(target, kind), manifest(target, kind, body), options));
}

/** Stores an object with `before` and judges its replacement by `after`. */
async function judgeUpdate(
  target: Target,
  kind: Kind,
  before: object,
  after: object,
  refused: string | undefined,
): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  const { metadata } = await target.client.create<{ metadata: { name: string; resourceVersion: string } }>(
    collection(target, kind),
    manifest(target, kind, before),
    { signal },
  );
  const ref = { ...collection(target, kind), name: metadata.name };
  const replacement = { ...manifest(target, kind, after), metadata };
  await judge(refused, () => target.client.update(ref, replacement, { signal, dryRun: true }));
  await target.client.delete(ref, { signal });
}

const DANM_EP = {
  NetworkName: "external",
  NetworkType: "ipvlan",
  NetworkUID: "2f84ac6f-80d2-485a-aa2f-c1813af9f26c",
  EndpointID: "owner",
  apiType: "DanmNet",
  Host: "node-1",
  Pod: "web-0",
  PodUID: "be1aa4d1-7a0c-4a0e-8f11-2cc7b1c2a111",
  CID: "a".repeat(64),
  netns: "/var/run/netns/cni-1",
};
const INTERFACE = {
  Name: "eth0",
  Address: "10.0.0.5/24",
  AddressIPv6: "none",
  MacAddress: "0a:58:0a:00:00:05",
  proutes: { "10.1.0.0/16": "10.0.0.1" },
  proutes6: {},
  DeviceID: "",
};

Deno.test("CRDs accept and refuse manifests one by one", async (t) => {
  using client = cluster.client();
  const networks = await cases<NetworkCase>("networks");
  const tenantConfigs = await cases<TenantConfigCase>("tenant_configs");
  const danmEps = await cases<DanmEpCase>("danm_eps");
  for (const group of API_GROUPS) {
    await installCrds(cluster, group, "lightweight", "production");
    const target = { client, group };
    for (const { name, kinds, stored, spec, refused } of networks) {
      for (const kind of kinds ?? NETWORK_KINDS) {
        await t.step(
          `${group} ${kind}: ${name}`,
          () =>
            stored === undefined
              ? judgeNew(target, kind, { spec }, refused)
              : judgeUpdate(target, kind, { spec: stored }, { spec }, refused),
        );
      }
    }
    for (const { name, body, refused } of tenantConfigs) {
      await t.step(`${group} TenantConfig: ${name}`, () => judgeNew(target, "TenantConfig", body, refused));
    }
    for (const { name, spec, interface: changed, refused } of danmEps) {
      const body = { spec: { ...DANM_EP, ...spec, Interface: { ...INTERFACE, ...changed } } };
      await t.step(`${group} DanmEp: ${name}`, () => judgeNew(target, "DanmEp", body, refused));
    }
  }
});

Deno.test("manifests written for the original system apply unchanged", async (t) => {
  const original = await Deno.readTextFile(new URL("fixtures/original.yaml", import.meta.url));
  for (const group of API_GROUPS) {
    await t.step(group, async () => {
      await installCrds(cluster, group, "lightweight", "production");
      const namespace = await cluster.createNamespace();
      const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".yaml" });
      await Deno.writeTextFile(
        file,
        original.replaceAll("NAMESPACE", namespace).replaceAll("danm.k8s.io/v1", apiVersionOf(group)),
      );
      const applied = await cluster.kubectl("apply", "--validate=strict", "--filename", file);
      assertEquals(applied.trim().split("\n").filter((line) => line.endsWith(" created")).length, 9);
      const again = await cluster.kubectl("apply", "--validate=strict", "--filename", file);
      assertEquals(again.trim().split("\n").filter((line) => line.endsWith(" unchanged")).length, 9);
      await cluster.kubectl("delete", "--wait=false", "--filename", file);
    });
  }
});

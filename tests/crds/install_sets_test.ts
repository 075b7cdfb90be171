import { assertEquals } from "@std/assert";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import type { ClusterNetwork, DanmNet, TenantNetwork } from "../../lib/api/network.ts";
import { API_GROUPS, type ApiGroup, apiVersionOf } from "../../lib/api/resource.ts";
import type { TenantConfig } from "../../lib/api/tenant_config.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "./install_sets.ts";

async function servedPlurals(cluster: Cluster, group: ApiGroup): Promise<string[]> {
  const names = await cluster.kubectl("api-resources", `--api-group=${group}`, "--output=name");
  return names.trim().split("\n").map((name) => name.split(".")[0]!).sort();
}

async function apply(cluster: Cluster, objects: readonly object[]): Promise<void> {
  const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await cluster.kubectl("apply", `--filename=${file}`);
}

/** Posts `object` as a client does that asks for nothing special, and resolves to the API server's warning header. */
async function warningFor(cluster: Cluster, path: string, object: object): Promise<string | null> {
  const { certPem, keyPem } = await cluster.issueClientCertificate({
    commonName: "admin",
    organizations: ["system:masters"],
  });
  using client = Deno.createHttpClient({ caCerts: [cluster.caPem], cert: certPem, key: keyPem });
  const headers = { "content-type": "application/json" };
  const response = await fetch(cluster.url + path, { method: "POST", headers, body: JSON.stringify(object), client });
  assertEquals(response.status, 201, await response.text());
  return response.headers.get("warning");
}

/** The rows of a `kubectl get`, without the age, which is the last column. */
async function rows(cluster: Cluster, ...args: readonly string[]): Promise<string[][]> {
  const table = await cluster.kubectl("get", ...args);
  return table.trim().split("\n").map((line) => line.trim().split(/\s{2,}/).slice(0, -1));
}

const NETWORK_UID = "2f84ac6f-80d2-485a-aa2f-c1813af9f26c";

function danmEp(group: ApiGroup, name: string, Host: string): DanmEp {
  return {
    apiVersion: apiVersionOf(group),
    kind: "DanmEp",
    metadata: { name, namespace: "default" },
    spec: {
      NetworkName: "a",
      NetworkType: "ipvlan",
      NetworkUID: NETWORK_UID,
      EndpointID: name,
      apiType: "DanmNet",
      Host,
      Pod: "web-0",
      PodUID: "be1aa4d1-7a0c-4a0e-8f11-2cc7b1c2a111",
      CID: "c1",
      netns: "/var/run/netns/a",
      Interface: {
        Name: "eth0",
        Address: "10.0.0.5/24",
        AddressIPv6: "none",
        MacAddress: "",
        proutes: {},
        proutes6: {},
        DeviceID: "",
      },
    },
  };
}

function lightweightExamples(group: ApiGroup): readonly [DanmNet, DanmEp, DanmEp, AddressBlock] {
  const apiVersion = apiVersionOf(group);
  const Options = { host_device: "ens4", vlan: 500, cidr: "10.0.0.0/24", net6: "2001:db8::/64" };
  const network = { kind: "DanmNet", namespace: "default", name: "a", uid: NETWORK_UID } as const;
  return [
    { apiVersion, kind: "DanmNet", metadata: { name: "a", namespace: "default" }, spec: { NetworkID: "a", Options } },
    danmEp(group, "ep-1", "node-1"),
    danmEp(group, "ep-2", "node-2"),
    {
      apiVersion,
      kind: "AddressBlock",
      metadata: { name: "block" },
      spec: { network, family: "IPv4", base: "10.0.0.0", size: 16, allocations: { "5": "owner" } },
    },
  ];
}

function productionExamples(group: ApiGroup): readonly [TenantNetwork, ClusterNetwork, TenantConfig] {
  const apiVersion = apiVersionOf(group);
  return [
    {
      apiVersion,
      kind: "TenantNetwork",
      metadata: { name: "t", namespace: "default" },
      spec: { NetworkType: "flannel" },
    },
    { apiVersion, kind: "ClusterNetwork", metadata: { name: "c" }, spec: {} },
    {
      apiVersion,
      kind: "TenantConfig",
      metadata: { name: "config" },
      hostDevices: [{ name: "ens4", vniType: "vlan", vniRange: "1-9" }],
      networkIds: { flannel: "flannel" },
    },
  ];
}

async function lightweightAlone(cluster: Cluster, group: ApiGroup): Promise<void> {
  await installCrds(cluster, group, "lightweight");
  assertEquals(await servedPlurals(cluster, group), ["addressblocks", "danmeps", "danmnets"]);
  await apply(cluster, lightweightExamples(group));
}

async function bothSets(cluster: Cluster, group: ApiGroup): Promise<void> {
  await installCrds(cluster, group, "production");
  assertEquals(await servedPlurals(cluster, group), [
    "addressblocks",
    "clusternetworks",
    "danmeps",
    "danmnets",
    "tenantconfigs",
    "tenantnetworks",
  ]);
  await apply(cluster, productionExamples(group));
}

async function unknownField(cluster: Cluster, group: ApiGroup): Promise<void> {
  const network = {
    apiVersion: apiVersionOf(group),
    kind: "ClusterNetwork",
    metadata: { name: "pruned" },
    spec: { Options: { unknown: 1, rt_tables: 5 } },
  };
  const warning = await warningFor(cluster, `/apis/${apiVersionOf(group)}/clusternetworks`, network);
  assertEquals(warning, '299 - "unknown field \\"spec.Options.unknown\\""');
  const options = await cluster.kubectl("get", `cnet.${group}`, "pruned", "--output=jsonpath={.spec.Options}");
  assertEquals(JSON.parse(options), { rt_tables: 5 });
}

async function columnsAndDefaults(cluster: Cluster, group: ApiGroup): Promise<void> {
  assertEquals(await rows(cluster, `danmnets.${group}`, "a"), [
    ["NAME", "TYPE", "DEVICE", "VLAN", "VXLAN", "CIDR", "NET6"],
    ["a", "ipvlan", "ens4", "500", "10.0.0.0/24", "2001:db8::/64"],
  ]);
  assertEquals((await rows(cluster, `tenantnetworks.${group}`, "t"))[1], ["t", "flannel"]);
  assertEquals(await rows(cluster, `danmeps.${group}`, "ep-1"), [
    ["NAME", "POD", "INTERFACE", "NETWORK", "KIND", "ADDRESS", "ADDRESSIPV6", "HOST"],
    ["ep-1", "web-0", "eth0", "a", "DanmNet", "10.0.0.5/24", "none", "node-1"],
  ]);
  assertEquals(await rows(cluster, `addressblocks.${group}`), [
    ["NAME", "KIND", "NAMESPACE", "NETWORK", "DEVICE", "VNI", "BASE", "SIZE"],
    ["block", "DanmNet", "default", "a", "10.0.0.0", "16"],
  ]);
  assertEquals(await rows(cluster, `tenantconfigs.${group}`), [
    ["NAME", "HOSTDEVICES", "NETWORKIDS", "INUSE"],
    ["config", '[{"name":"ens4","vniRange":"1-9","vniType":"vlan"}]', '{"flannel":"flannel"}'],
  ]);
}

async function selectionByField(cluster: Cluster, group: ApiGroup): Promise<void> {
  const selected = (selector: string) =>
    cluster.kubectl("get", `danmeps.${group}`, `--field-selector=${selector}`, "--output=name");
  const name = (ep: string) => `danmep.${group}/${ep}\n`;
  assertEquals(await selected("spec.Host=node-2"), name("ep-2"));
  assertEquals(await selected("spec.Host!=node-2"), name("ep-1"));
  assertEquals(await selected("spec.Pod=web-0,spec.NetworkName=a,spec.CID=c1"), name("ep-1") + name("ep-2"));
  assertEquals(await selected("spec.CID=c2"), "");
}

async function shortNamesAndCategory(cluster: Cluster): Promise<void> {
  const get = async (types: string) => (await cluster.kubectl("get", types, "--output=name")).trim().split("\n");
  const shortNames = ["dnet", "dn", "tnet", "tn", "cnet", "cn", "dep", "de", "tconf", "tc", "ab"];
  const found = await get(shortNames.join(","));
  const kinds = new Set(found.map((name) => name.split(".")[0]));
  assertEquals([...kinds], ["danmnet", "tenantnetwork", "clusternetwork", "danmep", "tenantconfig", "addressblock"]);

  const all = await get("danm");
  for (const group of API_GROUPS) assertEquals(all.filter((name) => name.includes(`.${group}/`)).length, 8);
}

Deno.test("install sets can be installed alone and together, and show in kubectl what matters", async (t) => {
  await using cluster = await startCluster();
  for (const group of API_GROUPS) {
    await t.step(`${group}: the lightweight set alone`, () => lightweightAlone(cluster, group));
    await t.step(`${group}: both sets`, () => bothSets(cluster, group));
    await t.step(`${group}: an unknown field is pruned with a warning`, () => unknownField(cluster, group));
    await t.step(`${group}: columns and defaults`, () => columnsAndDefaults(cluster, group));
    await t.step(`${group}: DanmEps are selected by field`, () => selectionByField(cluster, group));
  }
  await t.step("short names and the category", () => shortNamesAndCategory(cluster));
});

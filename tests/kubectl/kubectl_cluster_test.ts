/** `kubectl danm` as people run it: by kubectl, with kubeconfigs that kubectl takes, on a real API server. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path/posix";
import { parse, stringify } from "@std/yaml";
import type { Network } from "../../lib/api/network.ts";
import { API_VERSION, DEFAULT_API_GROUP, type Kind, resourceFor } from "../../lib/api/resource.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { createPod } from "../runtime/test_pod.ts";

const GROUP = DEFAULT_API_GROUP;
const ROOT = fromFileUrl(new URL("../..", import.meta.url));

// Of its own: what other tests leave would be found by `check`.
const cluster = await startCluster();
const admin = cluster.client();
await installCrds(cluster, GROUP, "lightweight", "production");
await applyManifests(cluster, `${ROOT}/manifests/roles/roles.yaml`);
const namespace = await cluster.createNamespace();
const kubectl = await findBinary("kubectl");
Deno.test.afterAll(async () => {
  admin[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

function soon() {
  return { signal: AbortSignal.timeout(20_000) };
}

async function create<T>(kind: Kind, name: string, spec: object): Promise<T> {
  const resource = resourceFor(kind, GROUP);
  const ref = { ...resource, ...(resource.namespaced && { namespace }) };
  return await admin.create<T>(ref, { apiVersion: `${GROUP}/${API_VERSION}`, kind, metadata: { name }, spec }, soon());
}

const pod = await createPod(admin, namespace, [{ network: "web", ip: "dynamic" }]);
const Options = { host_device: "eth1", vlan: 7, cidr: "10.0.0.0/24" };
const network = await create<Network>("DanmNet", "web", { NetworkID: "web", NetworkType: "macvlan", Options });
const owner = `${pod.uid}/cid/0`;
const base = { network: { kind: "DanmNet", namespace, name: "web", uid: network.metadata.uid }, family: "IPv4" };
await create("AddressBlock", "block-of-web", { ...base, base: "10.0.0.0", size: 16, allocations: { "2": owner } });
await create("DanmEp", "first", {
  ...{ NetworkName: "web", NetworkType: "macvlan", NetworkUID: network.metadata.uid, apiType: "DanmNet" },
  ...{ EndpointID: owner, Host: "node-1", Pod: pod.name, PodUID: pod.uid, CID: "cid", netns: "/proc/1/ns/net" },
  Interface: {
    ...{ Name: "eth0", Address: "10.0.0.2/24", AddressIPv6: "none", MacAddress: "02:00:00:00:00:0a", DeviceID: "" },
    ...{ proutes: {}, proutes6: {} },
  },
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly complaint: string;
}

/** Runs kubectl, which finds the plugin in PATH. */
async function danm(kubeconfig: string, ...args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(kubectl, {
    args: ["danm", ...args],
    clearEnv: true,
    env: { PATH: `${PROGRAM_FOLDER}:${dirname(kubectl)}:/usr/bin:/bin`, HOME: cluster.folder, KUBECONFIG: kubeconfig },
    stdin: "null",
  }).output();
  const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, complaint: complaint! };
}

async function told(...args: readonly string[]): Promise<string> {
  const { code, out, complaint } = await danm(cluster.kubeconfig, ...args);
  assertEquals([code, complaint], [0, ""], args.join(" "));
  return out;
}

Deno.test("kubectl danm answers every question about a Pod on a network", async () => {
  const [row] = JSON.parse(await told("networks", "-n", namespace, "-ojson")).networks;
  assertEquals([row.network, row.vni, row.used, row.free, row.pods], [
    `DanmNet/${namespace}/web`,
    "vlan 7",
    "1",
    "253",
    1,
  ]);
  assertMatch(await told("-n", namespace, "pod", pod.name), /eth0 .*web .*10\.0\.0\.2 /);
  assertStringIncludes(await told("ip", "10.0.0.2"), `Pod ${namespace}/${pod.name} (UID ${pod.uid}`);
  assertStringIncludes(await told("mac", "02-00-00-00-00-0A"), `${namespace}/${pod.name}`);
  assertStringIncludes(await told("node", "node-1"), `${namespace}/${pod.name}`);
  assertEquals(await told("node", "node-2"), "none\n");
  assertEquals(await told("services", "-A"), "none\n");
  assertStringIncludes(await told("map"), `node-1\n└─ DanmNet/${namespace}/web (eth1, vlan 7)`);
  assertStringIncludes(await told("map", "-o", "svg"), "</svg>");
});

Deno.test("kubectl danm check tells by its exit code whether something is wrong", async () => {
  assertEquals(await told("check"), "none\n");
  await create("AddressBlock", "leak", { ...base, base: "10.0.0.16", size: 16, allocations: { "0": "gone/cid/0" } });
  const { code, out } = await danm(cluster.kubeconfig, "check");
  assertEquals(code, 1);
  assertStringIncludes(out, "10.0.0.16 is held by Pod gone, which is gone");
  await admin.delete({ ...resourceFor("AddressBlock", GROUP), name: "leak" }, soon());
});

Deno.test("kubectl danm works as far as a tenant's rights go, and says what they hide", async () => {
  const account = { namespace, name: "tenant" };
  const tenant = await cluster.kubeconfigFor(account);
  const subject = `--serviceaccount=${namespace}:tenant`;
  await cluster.kubectl("-n", namespace, "create", "rolebinding", "tenant", "--clusterrole=danm:view", subject);
  const { code, out, complaint } = await danm(tenant, "networks");
  assertEquals(code, 0, complaint);
  assertStringIncludes(out, `DanmNet/${namespace}/web`);
  assertStringIncludes(complaint, "Your rights do not show addressblocks");
  assertMatch((await danm(tenant, "ip", "10.0.0.2")).complaint, /do not show danmeps outside namespace/);
  assert(!(await danm(tenant, "ip", "10.0.0.2")).out.includes("nobody"));
});

Deno.test("kubectl danm takes credentials from a program that the kubeconfig names, and impersonates", async () => {
  const config = parse(await Deno.readTextFile(await cluster.kubeconfigFor({ namespace, name: "by-exec" }))) as {
    users: { user: Record<string, unknown> }[];
  };
  const status = { token: config.users[0]!.user["token"] };
  const credential = JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status });
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "printf", args: ["%s", credential] };
  config.users[0]!.user = { exec: { ...exec, interactiveMode: "Never" } };
  const path = `${cluster.folder}/exec.kubeconfig`;
  await Deno.writeTextFile(path, stringify(config));
  const { code, complaint } = await danm(path, "pod", "nobody");
  assertEquals([code, /no such Pod|has no such/.test(complaint)], [3, true], complaint);
  const asNobody = await danm(cluster.kubeconfig, "networks", "--as", "nobody", "-n", namespace);
  assertStringIncludes(asNobody.complaint, `Your rights do not show danmnets in namespace ${namespace}`);
});

Deno.test("kubectl danm says what is wrong with a command line or a cluster", async () => {
  assertEquals((await danm(cluster.kubeconfig, "nothing")).code, 2);
  assertEquals((await danm(cluster.kubeconfig, "ip", "10.0.0")).code, 2);
  assertEquals((await danm(cluster.kubeconfig, "networks", "-o", "dot")).code, 2);
  const unreachable = await cluster.writeKubeconfig({ token: "t" }, "https://127.0.0.1:1");
  const { code, complaint } = await danm(unreachable, "networks");
  assertEquals(code, 3);
  assertStringIncludes(complaint, "Cannot reach API server https://127.0.0.1:1");
  assertStringIncludes(
    (await danm(cluster.kubeconfig, "networks", "--context=x")).complaint,
    'context is "x", must be',
  );
});

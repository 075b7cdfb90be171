/** Production mode as an administrator sets it up and tenants use it: roles and examples, applied as they are. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { type Network, networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { pickDelegateChain } from "../../lib/attach/delegate_file.ts";
import { planInterfaces } from "../../lib/attach/interface_plan.ts";
import { parseInterfaceRequests } from "../../lib/attach/interface_request.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { eventually } from "../cluster/eventually.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { startGuarded } from "../cluster/guarded_process.ts";
import { complaint, GROUP, settled, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const manifests = (name: string) => fromFileUrl(new URL(`../../manifests/${name}`, import.meta.url));
const EXAMPLES = manifests("examples/tenants");
const NAMESPACE = "shop";

const scene = await openWebhookScene();
const { cluster, admin } = scene;
Deno.test.afterAll(async () => await scene[Symbol.asyncDispose]());

/** What `user` may do of what there is to do, as `verb resource`. */
async function allowed(user: string, actions: readonly string[], namespace = NAMESPACE): Promise<string[]> {
  const answers = await Promise.all(actions.map(async (action) => {
    const [verb, resource] = action.split(" ") as [string, string];
    const args = ["auth", "can-i", verb, `${resource}.${GROUP}`, `--as=${user}`, `--namespace=${namespace}`];
    return await cluster.kubectl(...args).then((text) => text.trim() === "yes", () => false);
  }));
  return actions.filter((_, index) => answers[index]);
}

Deno.test("tenants have what Kubernetes' own roles give them, and no more", async () => {
  await using _controllers = await startGuarded([
    await findBinary("kube-controller-manager"),
    `--kubeconfig=${cluster.kubeconfig}`,
    "--controllers=clusterrole-aggregation-controller",
    "--leader-elect=false",
    "--secure-port=0",
  ], `${cluster.folder}/kube-controller-manager.log`);
  await applyManifests(cluster, `${manifests("roles")}/roles.yaml`);
  await cluster.kubectl("create", "namespace", NAMESPACE);
  for (const role of ["view", "edit", "admin"]) {
    const args = [`--clusterrole=${role}`, `--user=${role}`, `--namespace=${NAMESPACE}`];
    await cluster.kubectl("create", "rolebinding", role, ...args);
  }
  await cluster.kubectl("create", "clusterrolebinding", "net", "--clusterrole=danm:administrator", "--user=net");
  const reading = ["list tenantnetworks", "watch danmnets", "get danmeps"];
  const writing = ["create tenantnetworks", "patch tenantnetworks", "delete tenantnetworks"];
  const others = [
    "restore tenantnetworks",
    "create danmnets",
    "update danmnets",
    "create danmeps",
    "delete danmeps",
    "create clusternetworks",
    "create tenantconfigs",
    "patch addressblocks",
  ];
  const all = [...reading, ...writing, ...others];
  await eventually("see the roles aggregated", async () => (await allowed("admin", writing)).length === 3 || undefined);
  assertEquals(await allowed("view", all), reading);
  assertEquals(await allowed("edit", all), [...reading, ...writing]);
  assertEquals(await allowed("admin", all), [...reading, ...writing]);
  assertEquals(await allowed("edit", reading, "default"), []);
  const administrators = all.filter((action) => !/danmeps$|addressblocks$/.test(action) || action.startsWith("get"));
  assertEquals(await allowed("net", all), administrators);
});

Deno.test("the examples for tenants are admitted, and every network gets what it asks for", async () => {
  await applyManifests(cluster, `${EXAMPLES}/1-tenantconfig.yaml`);
  const file = `--filename=${EXAMPLES}/3-networks.yaml`;
  // The namespace is the administrator's, the networks are a tenant's own.
  const refusal = await complaint(cluster.kubectl("apply", file, "--as=edit", `--namespace=${NAMESPACE}`));
  assertStringIncludes(refusal, "namespaces");
  const names = ["internal", "external", "fast", "bridged"];
  const [internal, external, fast, bridged] = await Promise.all(
    names.map((name) => settled(admin, NAMESPACE, name)),
  ) as [Network, Network, Network, Network];
  const numbers = networkOptions(internal);
  assert((numbers.vlan ?? numbers.vxlan) !== undefined && internal.spec.NetworkID !== undefined);
  assertEquals(networkOptions(external).vxlan! >= 70_000, true);
  assertEquals(networkOptions(fast).vlan! >= 2300, true);
  assertEquals([bridged.spec.NetworkID, networkOptions(bridged).host_device], ["tenant-bridge", undefined]);
  const text = await Deno.readTextFile(`${EXAMPLES}/2-bridge.conf`);
  const { configs } = pickDelegateChain([{ name: "tenant-bridge.conf", text }], bridged.spec.NetworkID, "bridge");
  assertEquals(configs.map(({ type }) => type), ["bridge"]);
});

Deno.test("the examples' Pods can be attached to those networks", async () => {
  await applyManifests(cluster, `${EXAMPLES}/4-pods.yaml`);
  const pods = { group: "", version: "v1", plural: "pods", namespace: NAMESPACE };
  const planned = await Promise.all(["web", "forwarder"].map(async (name) => {
    const pod = await admin.get<ExamplePod>({ ...pods, name }, soon());
    const text = pod.metadata.annotations["danm.k8s.io/interfaces"];
    const requests = await Promise.all(
      parseInterfaceRequests("interfaces", text).map(async (request) => {
        const ref = { ...resourceFor("TenantNetwork", GROUP), namespace: NAMESPACE, name: request.network.name };
        return { request, network: { ...await admin.get<Network>(ref, soon()), kind: "TenantNetwork" } as Network };
      }),
    );
    return { pod, plans: planInterfaces(requests, NAMESPACE, "eth0", "numbered") };
  }));
  const [web, forwarder] = planned as [typeof planned[0], typeof planned[0]];
  assertEquals(web.plans.map(({ name }) => name), ["eth0", "eth1", "eth2"]);
  assertEquals([web.plans[1]!.policyRoutes.length, web.plans[1]!.terms.table], [1, 201]);
  const devices = forwarder.plans.filter(({ terms }) => terms.type === "sriov");
  const [container] = forwarder.pod.spec.containers;
  assertEquals(container!.resources.requests, { [devices[0]!.terms.devicePool!]: String(devices.length) });
});

interface ExamplePod {
  readonly metadata: { readonly annotations: { readonly "danm.k8s.io/interfaces": string } };
  readonly spec: { readonly containers: readonly { readonly resources: { readonly requests: object } }[] };
}

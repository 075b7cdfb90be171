/** The sriov backend, with devices from a server that speaks kubelet's protocol and a stand-in for the plugin. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { resourceFor } from "../../lib/api/resource.ts";
import { type PodResources, servePodResources } from "../../lib/host/testdata/pod_resources_server.ts";
import { writeSriovPlugin } from "../runtime/sriov_plugin.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const [POOL_A, POOL_B] = ["example.com/pool_a", "example.com/pool_b"];

/** Serves what `pods()` is at the time of each call; resolves to the configuration that leads danm there. */
async function serveDevices(node: TestNode, pods: () => readonly PodResources[], stack: DisposableStack) {
  const podResourcesSocket = `${node.runtime.folder}/kubelet.sock`;
  stack.use(
    await servePodResources(podResourcesSocket, {
      Get({ pod_name, pod_namespace }) {
        const pod = pods().find(({ name, namespace }) => name === pod_name && namespace === pod_namespace);
        return pod ? { pod_resources: pod } : { code: 2, details: "pod not found" };
      },
      List: () => ({ pod_resources: pods() }),
    }),
  );
  return { podResourcesSocket };
}

async function createNetworks(node: TestNode): Promise<void> {
  const type = { NetworkType: "sriov", NetworkID: "fast" };
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64", device_pool: POOL_A! }, type);
  await node.createNetwork("b", { cidr: "10.2.0.0/24", device_pool: POOL_B!, vlan: 700 }, type);
}

danmTest("uses each of the Pod's devices once, whichever container it was given to", async (node) => {
  using stack = new DisposableStack();
  const plugin = await writeSriovPlugin(node.runtime);
  await createNetworks(node);
  await using container = await node.createContainer([
    { network: "a", ip: "10.1.0.5", ip6: "2001:db8:1::5" },
    { network: "b", ip: "none" },
    { network: "a", ip: "10.1.0.6" },
    { network: "a", ip: "10.1.0.7" },
  ]);
  const { namespace, name } = container.sandbox.pod;
  const device = (resource_name: string | undefined, ...device_ids: string[]) => ({
    resource_name: resource_name!,
    device_ids,
  });
  const socket = await serveDevices(node, () => [
    { namespace: "another", name, containers: [{ name: "c", devices: [device(POOL_A, "0000:09:00.0")] }] },
    {
      namespace,
      name,
      containers: [
        { name: "one", devices: [device(POOL_A, "0000:03:02.3"), device(POOL_B, "0000:05:00.1")] },
        { name: "two", devices: [device(POOL_A, "0000:03:02.1", "0000:03:02.2")] },
      ],
    },
  ], stack);
  const result = await node.attach(container, socket);
  assertEquals(result.interfaces.map((link) => [link.name, link.mac]), [
    ["eth0", "02:00:00:00:00:07"],
    ["eth1", "02:00:00:00:00:07"],
    ["eth2", "02:00:00:00:00:07"],
    ["eth3", "02:00:00:00:00:07"],
  ]);
  assertEquals(await addressesIn(container), [
    "eth0 10.1.0.5/24",
    "eth0 2001:db8:1::5/64",
    "eth2 10.1.0.6/24",
    "eth3 10.1.0.7/24",
  ]);
  await node.check(container, socket);

  const configs = (await plugin.calls()).filter(({ command }) => command === "ADD")
    .sort((x, y) => x.env.CNI_IFNAME!.localeCompare(y.env.CNI_IFNAME!)).map(({ config }) => config);
  const common = { cniVersion: "0.4.0", type: "sriov" };
  const ipam = (...addresses: string[]) => ({ type: "fakeipam", ips: addresses.map((address) => ({ address })) });
  assertEquals(configs, [
    { ...common, name: "a", deviceID: "0000:03:02.1", ipam: ipam("10.1.0.5/24", "2001:db8:1::5/64") },
    { ...common, name: "b", deviceID: "0000:05:00.1", vlan: 700, ipam: {} },
    { ...common, name: "a", deviceID: "0000:03:02.2", ipam: ipam("10.1.0.6/24") },
    { ...common, name: "a", deviceID: "0000:03:02.3", ipam: ipam("10.1.0.7/24") },
  ]);
  const danmeps = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: node.namespace };
  const { items } = await node.client.list<{ spec: { Interface: { Name: string; DeviceID: string } } }>(danmeps, {
    signal: AbortSignal.timeout(30_000),
  });
  assertEquals(
    items.map(({ spec: { Interface } }) => `${Interface.Name} ${Interface.DeviceID}`).sort(),
    ["eth0 0000:03:02.1", "eth1 0000:05:00.1", "eth2 0000:03:02.2", "eth3 0000:03:02.3"],
  );
  await node.detach(container, socket);
});

danmTest("hands a device back by its DanmEp when the journal is lost", async (node) => {
  using stack = new DisposableStack();
  const plugin = await writeSriovPlugin(node.runtime);
  await createNetworks(node);
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [{ resource_name: POOL_A!, device_ids: ["0000:03:02.1"] }];
  const socket = await serveDevices(node, () => [{ namespace, name, containers: [{ name: "c", devices }] }], stack);
  await node.attach(container, socket);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container, socket);
  const last = (await plugin.calls()).at(-1);
  assertEquals([last?.command, last?.config.deviceID, last?.env.CNI_IFNAME], ["DEL", "0000:03:02.1", "eth0"]);
});

danmTest("says what is missing before it makes anything: devices, or kubelet", async (node) => {
  using stack = new DisposableStack();
  const plugin = await writeSriovPlugin(node.runtime);
  await createNetworks(node);
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic" },
    { network: "b", ip: "dynamic" },
    { network: "a", ip: "dynamic" },
  ]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [
    { resource_name: POOL_A!, device_ids: ["0000:03:02.1"] },
    { resource_name: POOL_B!, device_ids: ["0000:05:00.1", "0000:05:00.2"] },
  ];
  let pods: readonly PodResources[] = [{ namespace, name, containers: [{ name: "c", devices }] }];
  const socket = await serveDevices(node, () => pods, stack);
  assertStringIncludes(
    await node.attachFails(container, socket),
    `Cannot attach interface 2 to DanmNet ${namespace}/a: the Pod has 1 devices of pool ${POOL_A}, must request one`,
  );
  pods = [];
  assertStringIncludes(
    await node.attachFails(container, socket),
    `interface 0 to DanmNet ${namespace}/a: the Pod has 0`,
  );
  const podResourcesSocket = `${node.runtime.folder}/no-such.sock`;
  assertStringIncludes(
    await node.attachFails(container, { podResourcesSocket }),
    `Cannot ask kubelet at ${podResourcesSocket} for the Pod's devices: there is no such socket`,
  );
  assertEquals(await plugin.calls(), []);
});

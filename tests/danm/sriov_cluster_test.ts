/** The sriov backend, with devices from a server that speaks kubelet's protocol and a stand-in for the plugin. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { startKubelet } from "../runtime/kubelet.ts";
import { BUS_WITHOUT_MAC, writeSriovPlugin } from "../runtime/sriov_plugin.ts";
import { printsInterface, type StandInPlugin, writeStandIn } from "../runtime/stand_in_plugin.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const [POOL_A, POOL_B] = ["example.com/pool_a", "example.com/pool_b"];

async function createNetworks(node: TestNode): Promise<void> {
  const type = { NetworkType: "sriov", NetworkID: "fast" };
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64", device_pool: POOL_A! }, type);
  await node.createNetwork("b", { cidr: "10.2.0.0/24", device_pool: POOL_B!, vlan: 700 }, type);
}

async function recorded({ client, namespace }: TestNode): Promise<DanmEp["spec"]["Interface"][]> {
  const danmeps = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace };
  const { items } = await client.list<DanmEp>(danmeps, { signal: AbortSignal.timeout(30_000) });
  return items.map(({ spec }) => spec.Interface);
}

danmTest("uses each of the Pod's devices once, in the order of its containers", async (node) => {
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
  await using kubelet = await startKubelet(node.runtime.folder, [
    { namespace: "another", name, containers: [{ name: "c", devices: [device(POOL_A, "0000:09:00.0")] }] },
    {
      namespace,
      name,
      containers: [
        { name: "one", devices: [device(POOL_A, "0000:03:02.3"), device(POOL_B, "0000:05:00.1")] },
        { name: "two", devices: [device(POOL_A, "0000:03:02.1", "0000:03:02.2")] },
      ],
    },
  ]);
  const result = await node.attach(container, { podResourcesSocket: kubelet.socketPath });
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
  await node.check(container);

  const configs = (await plugin.calls()).filter(({ command }) => command === "ADD")
    .sort((x, y) => x.env.CNI_IFNAME!.localeCompare(y.env.CNI_IFNAME!)).map(({ config }) => config);
  const common = { cniVersion: "0.4.0", type: "sriov" };
  const ipam = (...addresses: string[]) => ({ type: "fakeipam", ips: addresses.map((address) => ({ address })) });
  assertEquals(configs, [
    { ...common, name: "a", deviceID: "0000:03:02.3", ipam: ipam("10.1.0.5/24", "2001:db8:1::5/64") },
    { ...common, name: "b", deviceID: "0000:05:00.1", vlan: 700, ipam: {} },
    { ...common, name: "a", deviceID: "0000:03:02.1", ipam: ipam("10.1.0.6/24") },
    { ...common, name: "a", deviceID: "0000:03:02.2", ipam: ipam("10.1.0.7/24") },
  ]);
  assertEquals(
    (await recorded(node)).map(({ Name, DeviceID }) => `${Name} ${DeviceID}`).sort(),
    ["eth0 0000:03:02.3", "eth1 0000:05:00.1", "eth2 0000:03:02.1", "eth3 0000:03:02.2"],
  );
  await node.detach(container);
});

danmTest("gives a device to any delegate whose network has a pool, and to nobody else", async (node) => {
  const sriov = await writeSriovPlugin(node.runtime);
  const plugin = await writeStandIn(node.runtime, "any", {
    ADD: `nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" up type bridge\n${printsInterface()}`,
  });
  const other = await writeStandIn(node.runtime, "next", { ADD: printsInterface() });
  await createNetworks(node);
  const plugins = [{ type: "any" }, { type: "next", capabilities: { deviceID: true, bandwidth: true } }];
  await Deno.writeTextFile(
    `${node.runtime.cniDir}/any.conflist`,
    JSON.stringify({ cniVersion: "1.0.0", name: "any", plugins }),
  );
  await node.createNetwork("any", { device_pool: POOL_A! }, { NetworkType: "any" });
  await node.createNetwork("plain", {}, { NetworkType: "any" });
  await using container = await node.createContainer([
    { network: "plain" },
    { network: "any" },
    { network: "a", ip: "none" },
  ]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [{ resource_name: POOL_A!, device_ids: ["0000:03:02.2", "0000:03:02.1"] }];
  const pods = [{ namespace, name, containers: [{ name: "c", devices }] }];
  await using kubelet = await startKubelet(node.runtime.folder, pods);
  const runtimeConfig = { bandwidth: { ingressRate: 1 } };
  await node.attach(container, { podResourcesSocket: kubelet.socketPath, runtimeConfig });
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container, { runtimeConfig });

  const handed = async ({ calls }: StandInPlugin) =>
    (await calls()).map(({ command, env, config: { deviceID, runtimeConfig } }) =>
      JSON.stringify([command, env.CNI_IFNAME, deviceID, runtimeConfig])
    ).sort();
  const both = (...parts: unknown[]) => ["ADD", "DEL"].map((command) => JSON.stringify([command, ...parts]));
  assertEquals(
    await handed(plugin),
    [...both("eth0", undefined, undefined), ...both("eth1", "0000:03:02.1", undefined)].sort(),
  );
  assertEquals(
    await handed(other),
    [...both("eth0", undefined, runtimeConfig), ...both("eth1", undefined, { deviceID: "0000:03:02.1" })].sort(),
  );
  assertEquals(await handed(sriov), both("eth2", "0000:03:02.2", undefined));
});

danmTest("takes an address of nothing but zeros for none", async (node) => {
  await writeSriovPlugin(node.runtime);
  await createNetworks(node);
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [{ resource_name: POOL_A!, device_ids: [`${BUS_WITHOUT_MAC}02.1`] }];
  const pods = [{ namespace, name, containers: [{ name: "c", devices }] }];
  await using kubelet = await startKubelet(node.runtime.folder, pods);
  const { interfaces } = await node.attach(container, { podResourcesSocket: kubelet.socketPath });
  assertEquals(interfaces, [{ name: "eth0", sandbox: container.netns.path }]);
  assertEquals((await recorded(node)).map(({ MacAddress }) => MacAddress), [""]);
  await node.check(container);
  await node.detach(container);
});

danmTest("hands a device back by its DanmEp when the journal is lost", async (node) => {
  const plugin = await writeSriovPlugin(node.runtime);
  await createNetworks(node);
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [{ resource_name: POOL_A!, device_ids: ["0000:03:02.1"] }];
  const pods = [{ namespace, name, containers: [{ name: "c", devices }] }];
  await using kubelet = await startKubelet(node.runtime.folder, pods);
  await node.attach(container, { podResourcesSocket: kubelet.socketPath });
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container);
  const last = (await plugin.calls()).at(-1);
  assertEquals([last?.command, last?.config.deviceID, last?.env.CNI_IFNAME], ["DEL", "0000:03:02.1", "eth0"]);
});

danmTest("says what is missing before it makes anything: devices, or kubelet", async (node) => {
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
  const attachFails = async (containers: readonly { name: string; devices: typeof devices }[]) => {
    await using kubelet = await startKubelet(node.runtime.folder, [{ namespace, name, containers }]);
    return await node.attachFails(container, { podResourcesSocket: kubelet.socketPath });
  };
  assertStringIncludes(
    await attachFails([{ name: "c", devices }]),
    `Cannot attach interface 2 to DanmNet ${namespace}/a: the Pod has 1 devices of pool ${POOL_A}, must request one`,
  );
  assertStringIncludes(await attachFails([]), `interface 0 to DanmNet ${namespace}/a: the Pod has 0 devices of pool`);
  const podResourcesSocket = `${node.runtime.folder}/no-such.sock`;
  assertStringIncludes(
    await node.attachFails(container, { podResourcesSocket }),
    `Cannot ask kubelet at ${podResourcesSocket} for the Pod's devices: there is no such socket`,
  );
  assertEquals(await plugin.calls(), []);
});

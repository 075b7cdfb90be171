/** Definitions of type danm, with devices, and those of the examples. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { ATTACHMENT_DEFINITIONS, type AttachmentDefinition } from "../../lib/api/attachment_definition.ts";
import type { ObjectMeta } from "../../lib/api/kube_object.ts";
import { type PublishedDevice, RESOURCE_SLICES } from "../../lib/api/resource_slice.ts";
import { ownConfig, readDefinitionContent } from "../../lib/attach/definitions/definition_chain.ts";
import { parseNetworkSelections } from "../../lib/attach/definitions/network_selection.ts";
import { requestIn } from "../../lib/attach/definitions/own_request.ts";
import type { ResourceType } from "../../lib/kube/client/resource_path.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { startKubelet } from "../runtime/kubelet.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";
import { createDefinition, createSelecting, installDefinitions, statusOf } from "./definition_scene.ts";

danmTest(
  "attaches to its networks for definitions of type danm, its own and those of another meta-plugin",
  async (node) => {
    await installDefinitions(node);
    const routes = { "0.0.0.0/0": "10.1.0.1" };
    await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64", routes });
    await node.createNetwork("b", { cidr: "10.2.0.0/24", routes: { "0.0.0.0/0": "10.2.0.1" } });
    const { namespace: ns } = node;
    await createDefinition(node, "by-danm", { type: "danm", network: "a", ip: "dynamic" });
    await using container = await createSelecting(
      node,
      [{ name: "by-danm" }, { name: "by-danm", interface: "data0", ips: ["10.1.0.77", "2001:db8:1::7"] }],
      [{ network: "a", ip: "10.1.0.9" }],
    );
    const { ips } = await node.attach(container);
    const net1 = ips[1]!.address;
    assertEquals(await addressesIn(container), [
      "data0 10.1.0.77/24",
      "data0 2001:db8:1::7/64",
      "eth0 10.1.0.9/24",
      `net1 ${net1}`,
    ]);
    assertEquals((await statusOf(node, container))?.map(({ name, interface: own }) => `${name} ${own}`), [
      `${ns}/a eth0`,
      `${ns}/by-danm net1`,
      `${ns}/by-danm data0`,
    ]);
    await node.detach(container);

    // Under another meta-plugin: by the configuration, whatever the Pod's annotations say.
    const as = (ifName: string) => ({ ...container, sandbox: { ...container.sandbox, ifName } });
    const changes = { name: "by-danm", network: "a", ip: "dynamic", ip6: "none" };
    const before = await statusOf(node, container);
    await node.attach(as("net1"), changes);
    const runtimeConfig = { ips: ["10.1.0.78/24"] };
    await node.attach(as("net2"), { ...changes, capabilities: { ips: true }, runtimeConfig });
    assertEquals((await addressesIn(container)).map((line) => line.replace(/^(net1) .*/, "$1")), [
      "net1",
      "net2 10.1.0.78/24",
    ]);
    assertEquals(await statusOf(node, container), before, "its caller tells the Pod");
    const { routes: told } = await node.attach(as("net3"), { ...changes, network: "b" });
    assertEquals(told, undefined, "the Pod has a default route");
    assertMatch(await container.netns.ip("route", "show", "default"), /^default via 10\.1\.0\.1 dev net1 *\n$/);
    await node.check(as("net3"), { ...changes, network: "b" });
    await node.detach(as("net3"), changes);
    await node.check(as("net1"), changes);
    await node.detach(as("net1"), changes);
    assertEquals(await addressesIn(container), ["net2 10.1.0.78/24"]);
    await node.detach(as("net2"), changes);
    assertStringIncludes(
      await node.attachFails(as("net1"), { ...changes, clusterNetwork: "a" }),
      "names network and clusternetwork, must name exactly one",
    );
  },
);

danmTest(
  "hands the Pod's devices to the plugins of a definition, and passes on what they say",
  async (node) => {
    await installDefinitions(node);
    await node.createNetwork("own", { cidr: "10.1.0.0/24" });
    const make = "nsenter --net=$CNI_NETNS ip link add $CNI_IFNAME up type bridge\n";
    // Goes on from what the device plugin has said.
    const note = `file=$(sed 's/.*"CNIDeviceInfoFile":"\\([^"]*\\)".*/\\1/' "$STDIN")\n` +
      `sed -i s/client/server/ "$file"\n`;
    const quiet = await writeStandIn(node.runtime, "quiet", { ADD: make + printsInterface() });
    await writeStandIn(node.runtime, "noting", { ADD: note + printsInterface() });
    const pool = `example.com/${node.namespace}`;
    const resource = { "k8s.v1.cni.cncf.io/resourceName": pool };
    await createDefinition(node, "a", { type: "quiet", capabilities: { deviceID: true } }, resource);
    await createDefinition(node, "b", { type: "noting", capabilities: { CNIDeviceInfoFile: true } }, resource);
    await using deviceFile = await writeDeviceInfo(pool, "0000:03:02.2");
    const claimed = "example.com/claimed";
    await createDefinition(node, "c", { type: "quiet" }, { "k8s.v1.cni.cncf.io/resourceName": claimed });
    const driver = "nic.example.com";
    await publish(node, driver, {
      name: "vf-7",
      attributes: {
        "k8s.cni.cncf.io/resourceName": { string: claimed },
        "resource.kubernetes.io/pciBusID": { string: "0000:05:00.7" },
      },
    });
    const selections = [{ name: "a", "cni-args": { color: "red" } }, { name: "b" }, { name: "a", interface: "more" }, {
      name: "c",
    }];
    await using container = await createSelecting(node, selections, [{ network: "own", ip: "dynamic" }]);
    const { namespace, name } = container.sandbox.pod;
    const devices = [{ resource_name: pool, device_ids: ["0000:03:02.1", "0000:03:02.2"] }];
    const claim = {
      claim_name: "c",
      claim_namespace: namespace,
      claim_resources: [{ driver_name: driver, pool_name: node.name, device_name: "vf-7" }],
    };
    await using kubelet = await startKubelet(node.runtime.folder, [
      { namespace, name, containers: [{ name: "c", devices, dynamic_resources: [claim] }] },
    ]);
    await node.attach(container, { podResourcesSocket: kubelet.socketPath });
    const seen = (await quiet.calls()).map(({ config: { deviceID, pciBusID, runtimeConfig, args } }) =>
      JSON.stringify([deviceID, pciBusID, runtimeConfig, args])
    );
    assertEquals(seen.sort(), [
      '["0000:03:02.1","0000:03:02.1",{"deviceID":"0000:03:02.1"},{"cni":{"color":"red"}}]',
      '["0000:05:00.7","0000:05:00.7",null,null]',
      // Kubelet gave the Pod two: the third does without.
      "[null,null,null,null]",
    ]);
    assertEquals((await statusOf(node, container))?.map((one) => one["device-info"]), [
      undefined,
      { type: "pci", version: "1.1.0", pci: { "pci-address": "0000:03:02.1" } },
      { ...deviceFile.info, "vhost-user": { mode: "server" } },
      undefined,
      { type: "pci", version: "1.1.0", pci: { "pci-address": "0000:05:00.7" } },
    ]);
    const infoFile = `/var/run/k8s.cni.cncf.io/devinfo/cni/${namespace}-b-${container.sandbox.containerId}_net2`;
    assertEquals((await Deno.stat(infoFile)).isFile, true);
    await node.check(container); // "b" has made no link, which is its business
    await node.detach(container);
    assertEquals(await Deno.stat(infoFile).then(() => true, () => false), false);
  },
);

/** What a device plugin says of a device; disposing takes it back. */
async function writeDeviceInfo(pool: string, id: string) {
  const info = { type: "vhost-user", version: "1.1.0", "vhost-user": { mode: "client" } };
  const folder = "/var/run/k8s.cni.cncf.io/devinfo/dp";
  const path = `${folder}/${pool.replace("/", "-")}-${id}-device.json`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify(info));
  return { info, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** Lets a driver publish a device of the node. */
async function publish({ client, name, namespace }: TestNode, driver: string, device: PublishedDevice): Promise<void> {
  const slice = {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceSlice",
    metadata: { name: namespace },
    spec: { driver, nodeName: name, pool: { name, generation: 1, resourceSliceCount: 1 }, devices: [device] },
  };
  await client.create(RESOURCE_SLICES, slice, { signal: AbortSignal.timeout(30_000) });
}

const EXAMPLES = fromFileUrl(new URL("../../manifests/examples/definitions", import.meta.url));

danmTest("has examples that the API server takes, and that come to what they say", async (node) => {
  await installDefinitions(node);
  const { client, cluster } = node;
  await applyManifests(cluster, EXAMPLES);
  const namespace = "gallery";
  const read = <T>(ref: ResourceType, name: string) =>
    client.get<T>({ ...ref, namespace, name }, { signal: AbortSignal.timeout(30_000) });
  const contents = await Promise.all(["office", "cameras", "backbone"].map(async (name) => {
    const definition = await read<AttachmentDefinition>(ATTACHMENT_DEFINITIONS, name);
    const content = readDefinitionContent(definition, ownConfig(definition));
    return "chain" in content ? content.chain.configs.map(({ type }) => type) : requestIn(content.own)?.network;
  }));
  assertEquals(contents, [["macvlan"], ["macvlan", "tuning"], { kind: "DanmNet", name: "backbone" }]);
  const pods = { group: "", version: "v1", plural: "pods" };
  const { metadata } = await read<{ metadata: ObjectMeta }>(pods, "recorder");
  const selections = parseNetworkSelections("networks", metadata.annotations!["k8s.v1.cni.cncf.io/networks"]!);
  assertEquals(selections.map(({ name, warnings }) => [name, ...warnings]), [["office"], ["cameras"], ["backbone"]]);
  await cluster.kubectl("delete", "--wait=false", `--filename=${EXAMPLES}`);
});

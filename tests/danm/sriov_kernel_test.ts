/**
 * Devices that a program of the Pod drives itself: the links that stand in for them need a kernel with the dummy driver.
 * There is no such device in a virtual machine; danm sees one in a /sys of its own.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startKubelet } from "../runtime/kubelet.ts";
import { BUS_WITHOUT_MAC, writeSriovPlugin } from "../runtime/sriov_plugin.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const [TAGGED, PLAIN] = ["0000:03:02.7", "0000:03:03.7"];
const MAC = "02:00:00:00:00:07";

/** Lets danm see `devices` as bound to vfio-pci, in a mount namespace of its own. */
async function bindToUserspace({ runtime }: TestNode, devices: readonly string[]): Promise<void> {
  const folder = `${runtime.folder}/devices`;
  for (const device of devices) {
    await Deno.mkdir(`${folder}/${device}`, { recursive: true });
    await Deno.symlink("../../../../bus/pci/drivers/vfio-pci", `${folder}/${device}/driver`);
  }
  const danm = await Deno.realPath(`${runtime.binDir}/danm`);
  const script = `mount --bind ${folder} /sys/bus/pci/devices && exec ${danm}`;
  await Deno.remove(`${runtime.binDir}/danm`);
  await Deno.writeTextFile(
    `${runtime.binDir}/danm`,
    `#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec unshare --mount --propagation private sh -c '${script}'\n`,
    { mode: 0o755 },
  );
}

danmTest("gives a device of a userspace driver a link that carries all there is to know", async (node) => {
  await writeSriovPlugin(node.runtime);
  await bindToUserspace(node, [TAGGED!, PLAIN!]);
  const type = { NetworkType: "sriov", NetworkID: "fast" };
  const routes = { "10.9.0.0/16": "10.1.0.1" };
  await node.createNetwork("tagged", { cidr: "10.1.0.0/24", routes, vlan: 700, device_pool: "example.com/a" }, type);
  await node.createNetwork("plain", { net6: "2001:db8:1::/64", device_pool: "example.com/b" }, type);
  await using container = await node.createContainer([
    { network: "tagged", ip: "10.1.0.5" },
    { network: "plain", ip6: "2001:db8:1::5" },
  ]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [
    { resource_name: "example.com/a", device_ids: [TAGGED!] },
    { resource_name: "example.com/b", device_ids: [PLAIN!] },
  ];
  await using kubelet = await startKubelet(node.runtime.folder, [
    { namespace, name, containers: [{ name: "c", devices }] },
  ]);
  const result = await node.attach(container, { cniVersion: "1.1.0", podResourcesSocket: kubelet.socketPath });
  assertEquals(result.interfaces, [
    { name: "eth0", mac: MAC, sandbox: container.netns.path, pciID: TAGGED! },
    { name: "eth1", mac: MAC, sandbox: container.netns.path, pciID: PLAIN! },
  ]);
  assertEquals(await addressesIn(container), ["eth0 10.1.0.5/24", "eth1 2001:db8:1::5/64"]);
  const show = (link: string) => container.netns.ip("-details", "link", "show", "dev", link);
  const tagged = await show("eth0");
  for (const part of ["vlan protocol 802.1Q id 700", `alias ${TAGGED}`, MAC, "UP"]) assertStringIncludes(tagged, part);
  const plain = await show("eth1");
  for (const part of ["dummy", `alias ${PLAIN}`, MAC, "UP"]) assertStringIncludes(plain, part);
  assertMatch(await container.netns.ip("route"), /10\.9\.0\.0\/16 via 10\.1\.0\.1 dev eth0/);
  await node.check(container);
  await node.detach(container);
  assertEquals(await node.leftovers(container), []);
});

danmTest("gives the stand-in an address of its own when the device has none", async (node) => {
  await writeSriovPlugin(node.runtime);
  const device = `${BUS_WITHOUT_MAC}02.7`;
  await bindToUserspace(node, [device]);
  const type = { NetworkType: "sriov", NetworkID: "fast" };
  await node.createNetwork("plain", { cidr: "10.1.0.0/24", device_pool: "example.com/a" }, type);
  await using container = await node.createContainer([{ network: "plain", ip: "10.1.0.5" }]);
  const { namespace, name } = container.sandbox.pod;
  const devices = [{ resource_name: "example.com/a", device_ids: [device] }];
  const pods = [{ namespace, name, containers: [{ name: "c", devices }] }];
  await using kubelet = await startKubelet(node.runtime.folder, pods);
  const { interfaces } = await node.attach(container, { podResourcesSocket: kubelet.socketPath });
  const [link] = JSON.parse(await container.netns.ip("-json", "link", "show", "eth0"));
  assertEquals(link.address, interfaces[0]!.mac);
  assertMatch(link.address, /^.[26ae]:/); // locally administered, for one device
  await node.check(container);
  await node.detach(container);
});

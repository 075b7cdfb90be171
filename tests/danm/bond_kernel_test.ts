/** Bonds and VLANs on interfaces of the Pod, as the kernel has them. */

import { assertEquals, assertMatch } from "@std/assert";
import { run } from "../run_program.ts";
import { writeBondPlugin } from "../runtime/bond_plugin.ts";
import { danmTest } from "./danm_case.ts";

/** An emulated machine may be slow; danm's deadline is not what is tested. */
const PATIENT = { timeout: 600 };

danmTest("bonds two interfaces, with a VLAN on the bond, and takes all of it back", async (node) => {
  await writeBondPlugin(node.runtime);
  // One parent could not have two macvlans of one address, which is what a bond makes of its members.
  const second = `${node.parent}b`;
  await run("ip", "link", "add", "name", second, "up", "type", "dummy");
  const write = (name: string, config: object) =>
    Deno.writeTextFile(
      `${node.runtime.cniDir}/${name}.conf`,
      JSON.stringify({ cniVersion: "1.0.0", name, ipam: {}, ...config }),
    );
  await write("bond", { type: "bond", linksInContainer: true, links: [{ name: "eth3" }, { name: "eth4" }] });
  await write("tagged", { type: "vlan", master: "bond2", linkInContainer: true, vlanId: 7 });
  await node.createNetwork("lan", {});
  await node.createNetwork("other", { host_device: second });
  await node.createNetwork("bond", { cidr: "10.9.0.0/24", container_prefix: "bond" }, { NetworkType: "bond" });
  await node.createNetwork("tagged", { cidr: "10.10.0.0/24" }, { NetworkType: "tagged" });
  await using container = await node.createContainer([
    { network: "lan", ip: "none" },
    { network: "tagged", ip: "10.10.0.5" },
    { network: "bond", ip: "10.9.0.5" },
    { network: "lan", ip: "none" },
    { network: "other", ip: "none" },
  ]);
  const { interfaces } = await node.attach(container, PATIENT);
  assertEquals(interfaces.map(({ name }) => name), ["eth0", "eth1", "bond2", "eth3", "eth4"]);
  const links: { ifname: string; link?: string; master?: string; address: string; flags: string[] }[] = JSON.parse(
    await container.netns.ip("-json", "link", "show", "up"),
  );
  const seen = links.filter(({ ifname }) => ifname !== "lo").map(({ ifname, link, master }) =>
    [ifname, link ?? "", master ?? ""].join(" ")
  );
  assertEquals(seen.sort(), ["bond2  ", "eth0  ", "eth1 bond2 ", "eth3  bond2", "eth4  bond2"]);
  assertEquals(new Set(links.filter(({ master }) => master).map(({ address }) => address)).size, 1);
  await node.check(container, PATIENT); // although a member has another's address now
  await container.netns.ip("link", "set", "dev", "eth4", "nomaster");
  await container.netns.ip("link", "set", "dev", "eth4", "address", "02:00:00:00:00:99", "up");
  assertMatch(await node.checkFails(container, PATIENT), /hardware address of eth4 is 02:00:00:00:00:99, must be/);
  await node.detach(container, PATIENT);
  assertEquals(await node.leftovers(container), []);
  await run("ip", "link", "del", "dev", second);
});

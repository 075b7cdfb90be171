/** CHECK finds whatever of an attachment has been damaged. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { danmTest } from "./danm_case.ts";

/** What someone does in the namespace, and what CHECK says of it from then on. */
const DAMAGES: readonly (readonly [command: string, problem: string])[] = [
  ["rule del from 10.1.0.7 lookup 150", "rule from 10.1.0.7 lookup 150 of eth0 is missing"],
  ["-6 rule del from 2001:db8:1::7 lookup 150", "rule from 2001:db8:1::7 lookup 150 of eth0 is missing"],
  ["route del 10.60.0.0/16 table 150", "route 10.60.0.0/16 via 10.1.0.3 table 150 of eth0 is missing"],
  ["-6 route del 2001:db8:60::/48 table 150", "route 2001:db8:60::/48 via 2001:db8:1::3 table 150 of eth0 is missing"],
  ["route del default", "route 0.0.0.0/0 via 10.1.0.1 of eth0 is missing"],
  ["-6 route del 2001:db8:50::/48", "route 2001:db8:50::/48 via 2001:db8:1::1 of eth0 is missing"],
  ["link set eth1 address 02:00:00:00:00:99", "hardware address of eth1 is 02:00:00:00:00:99, must be "],
  ["address del 10.1.0.7/24 dev eth0", "address 10.1.0.7/24 of eth0 is missing"],
  ["address del 2001:db8:1::7/64 dev eth0", "address 2001:db8:1::7/64 of eth0 is missing"],
  ["link set eth0 down", "interface eth0 is down"],
  ["link set eth1 name other", "interface eth1 is missing"],
];

danmTest("finds every kind of damage, and none where there is none", async (node) => {
  await node.createNetwork("a", {
    cidr: "10.1.0.0/24",
    net6: "2001:db8:1::/64",
    routes: { "0.0.0.0/0": "10.1.0.1" },
    routes6: { "2001:db8:50::/48": "2001:db8:1::1" },
    rt_tables: 150,
  });
  await using container = await node.createContainer([
    {
      network: "a",
      ip: "10.1.0.7",
      ip6: "2001:db8:1::7",
      proutes: { "10.60.0.0/16": "10.1.0.3" },
      proutes6: { "2001:db8:60::/48": "2001:db8:1::3" },
    },
    { network: "a", ip: "10.1.0.8" },
  ]);
  await node.attach(container);
  await node.check(container);
  await container.netns.ip("address", "add", "10.250.0.1/32", "dev", "eth0");
  await node.check(container); // somebody may add to it

  for (const [command, problem] of DAMAGES) {
    await container.netns.ip(...command.split(" "));
    assertStringIncludes(await node.checkFails(container), problem);
  }
  assertStringIncludes(await node.checkFails(container), "Plugin macvlan failed at CHECK");
  await container.netns.ip("link", "set", "other", "name", "eth1");
  await node.detach(container);
});

danmTest("does not know a container that was never attached, or is attached no more", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const check = async () => {
    const { code, answer } = await node.runtime.call("CHECK", container.sandbox);
    return [code, answer];
  };
  const unknown = {
    cniVersion: "1.0.0",
    code: 3,
    msg: `Container ${container.sandbox.containerId} has not been attached`,
  };
  assertEquals(await check(), [1, unknown]);
  await node.attach(container);
  assertEquals(await check(), [0, undefined]);
  await node.detach(container);
  assertEquals(await check(), [1, unknown]);
});

/** Host interfaces as users name and use them. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../run_program.ts";
import { danmTest } from "./danm_case.ts";

danmTest("finds the host interface by an alternative name", async (node) => {
  const name = `alt${crypto.randomUUID().slice(0, 8)}`;
  await run("ip", "link", "property", "add", "dev", node.parent, "altname", name);
  await node.createNetwork("a", { cidr: "10.1.0.0/24", host_device: name });
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.5" }]);
  await node.attach(container);
  await node.peer.ip("addr", "add", "10.1.0.1/24", "dev", "uplink");
  await container.netns.run("ping", "-c", "1", "-W", "5", "10.1.0.1");
  await node.check(container);
  await node.detach(container);
});

danmTest("says what is wrong with a host interface that is taken", async (node) => {
  const bridge = `br${crypto.randomUUID().slice(0, 8)}`;
  await run("ip", "link", "add", bridge, "type", "bridge");
  await run("ip", "link", "set", "dev", node.parent, "master", bridge);
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  assertStringIncludes(
    await node.attachFails(container),
    `host interface ${node.parent} of DanmNet ${node.namespace}/a is busy: it is part of a bridge or bond, or has ipvlan ` +
      "interfaces, which exclude macvlan on the same interface",
  );
  assertEquals(await node.leftovers(), []);
  await run("ip", "link", "del", "dev", bridge);
});

danmTest("refuses more interfaces than a Pod may have, before anything is made", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer(Array(8000).fill({ network: "a", ip: "none" }));
  assertStringIncludes(await node.attachFails(container), "it has 8000 entries, must have at most 32");
  assertEquals(await node.leftovers(), []);
});

danmTest("takes what templates render for nothing as nothing", async (node) => {
  await node.createNetwork("default", { cidr: "10.1.0.0/24" });
  for (const annotation of ["", " \n", "null", "[]"]) {
    await using container = await node.createContainer(annotation);
    assertEquals((await node.attach(container)).ips.length, 1);
    await node.detach(container);
  }
  const entry = { network: "default", clusterNetwork: "", ip: "10.1.0.9", ip6: "", proutes: null, proutes6: "" };
  await using container = await node.createContainer([entry]);
  assertEquals((await node.attach(container)).ips.map(({ address }) => address), ["10.1.0.9/24"]);
  await node.detach(container);
});

danmTest("refuses a configuration with a word it does not know", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  assertStringIncludes(
    await node.attachFails(container, { namingScheme: "legcy" }),
    'Invalid network configuration: namingScheme is "legcy", must be one of numbered, legacy',
  );
  assertEquals(await node.leftovers(), []);
});

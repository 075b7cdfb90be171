/** DEL: what it removes, what it leaves alone, and when it is to be tried again. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createNamespace } from "../netns.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

const ROUTED = {
  cidr: "10.1.0.0/24",
  allocation_pool: { start: "10.1.0.10", end: "10.1.0.99" },
  net6: "2001:db8:1::/64",
  rt_tables: 150,
};

function routedRequest(network: string): object {
  return {
    network,
    ip: "dynamic",
    ip6: "dynamic",
    proutes: { "10.60.0.0/16": "10.1.0.3" },
    proutes6: { "2001:db8:60::/48": "2001:db8:1::3" },
  };
}

async function loseJournals({ runtime }: TestNode): Promise<void> {
  await Deno.remove(`${runtime.stateDir}/attachments`, { recursive: true });
}

/** A kubeconfig that leads to a port where nobody listens. */
async function unreachable({ cluster, runtime }: TestNode): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const text = await Deno.readTextFile(cluster.kubeconfig);
  const path = `${runtime.folder}/unreachable.kubeconfig`;
  await Deno.writeTextFile(path, text.replace(/https:\/\/127\.0\.0\.1:\d+/, `https://127.0.0.1:${port}`));
  return path;
}

for (const [when, prepare] of [["", undefined], [", by the DanmEps alone", loseJournals]] as const) {
  danmTest(`removes policy rules, which outlive their interface${when}`, async (node) => {
    await node.createNetwork("a", ROUTED);
    await using container = await node.createContainer([routedRequest("a"), routedRequest("a")]);
    await node.attach(container);
    assertMatch(await container.netns.ip("rule"), /from 10\.1\.0\.\d+ lookup 150/);
    await container.netns.ip("rule", "add", "from", "10.1.0.200", "lookup", "150", "priority", "30000");
    await prepare?.(node);
    await node.detach(container);
    assertEquals((await container.netns.ip("rule")).match(/lookup 150/g)?.length, 1, "that of somebody else stays");
    assertEquals((await container.netns.ip("-6", "rule")).includes("lookup 150"), false);
    await container.netns.ip("rule", "del", "from", "10.1.0.200", "lookup", "150");
    assertEquals(await node.leftovers(container), []);
  });
}

danmTest("never touches the host's own namespace", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  // The first interface would be the host's own, if danm looked there.
  for (const netns of ["/proc/self/ns/net", `/proc/${Deno.pid}/ns/net`]) {
    for (const command of ["ADD", "DEL"]) {
      const sandbox = { ...container.sandbox, netns, ifName: node.parent };
      const { code, answer } = await node.runtime.call(command, sandbox);
      assertEquals([code, answer], [1, {
        cniVersion: "1.0.0",
        code: 4,
        msg: "Invalid environment variables",
        details: `CNI_NETNS is "${netns}", which is the host's own network namespace, must be a container's`,
      }]);
    }
  }
  await node.attach(container);
  await node.detach(container);
});

danmTest("leaves a namespace alone that has taken the place of the container's", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using other = await createNamespace();
  await other.ip("link", "add", "eth0", "type", "bridge");
  const replace = async ({ netns }: TestContainer) => {
    await netns[Symbol.asyncDispose]();
    await Deno.writeTextFile(netns.path, "");
    await other.run("mount", "--bind", "/proc/self/ns/net", netns.path);
  };
  for (const named of [true, false]) {
    await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
    await node.attach(container);
    await replace(container);
    await node.runtime.call("DEL", { ...container.sandbox, netns: named ? container.netns.path : "" });
    assertStringIncludes(await other.ip("link"), "eth0");
  }
});

danmTest("is to be tried again when the API server cannot be reached, unless nothing was recorded", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const kubeconfig = await unreachable(node);
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using unknown = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  const { code, answer } = await node.runtime.call("DEL", container.sandbox, { kubeconfig, timeout: 2 });
  assertEquals([code, (answer as { code: number }).code], [1, 11]);
  assertMatch((answer as { msg: string }).msg, /^CNI network could not be removed: \ninterface eth0: Cannot reach API/);
  await node.detach(unknown, { kubeconfig, timeout: 2 });
  await node.detach(container);
});

danmTest("needs no kubeconfig, nor one that is of use, for a container of which nothing was recorded", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const broken = `${node.runtime.folder}/broken.kubeconfig`;
  await Deno.writeTextFile(broken, "clusters: [");
  const tokenFile = await node.cluster.writeKubeconfig({ tokenFile: "/nowhere/token" });
  const expired = await node.cluster.writeKubeconfig({ token: "expired" });
  const powerless = await node.cluster.kubeconfigFor({ namespace: node.namespace, name: "powerless" });
  const reasons: readonly (readonly [kubeconfig: string, reason: RegExp])[] = [
    ["/nowhere/kubeconfig", /Cannot read kubeconfig \/nowhere\/kubeconfig: /],
    [broken, /Cannot read kubeconfig .*broken\.kubeconfig: it is not YAML/],
    [tokenFile, /\/nowhere\/token/],
    [expired, /Unauthorized \(401 Unauthorized\)/],
    [powerless, /forbidden.*\(403 Forbidden\)/],
  ];
  await using known = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using unknown = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(known);
  for (const [kubeconfig, reason] of reasons) {
    await node.detach(unknown, { kubeconfig });
    const { code, answer } = await node.runtime.call("DEL", known.sandbox, { kubeconfig });
    assertEquals(code, 1, kubeconfig);
    assertMatch((answer as { msg: string }).msg, reason);
  }
  await node.detach(known);
});

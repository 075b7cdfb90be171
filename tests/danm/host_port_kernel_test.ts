/** hostPort: from the configuration that is installed, through libcni, danm and the real portmap plugin, into a Pod. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { configText } from "../../lib/installer/node_files.ts";
import { readSettings } from "../../lib/installer/settings.ts";
import { eventually } from "../cluster/eventually.ts";
import { run } from "../run_program.ts";
import { asCnitoolNames, prepareCnitool } from "../runtime/cnitool.ts";
import { danmTest } from "./danm_case.ts";

/** Answers every connection with a word. */
const SERVER = `for await (const peer of Deno.listen({ port: 80 })) {
  await peer.write(new TextEncoder().encode("welcome"));
  peer.close();
}`;

danmTest("lets a host port lead to a Pod whose default network is a chain that ends in portmap", async (node) => {
  const { runtime, parent, peer } = node;
  const plugins = [
    { type: "bridge", bridge: "pods0", isGateway: true, ipam: { type: "host-local" } },
    { type: "portmap", capabilities: { portMappings: true } },
  ];
  await Deno.writeTextFile(
    `${runtime.cniDir}/pods.conflist`,
    JSON.stringify({ cniVersion: "1.0.0", name: "pods", plugins }),
  );
  await node.createNetwork("default", {
    cidr: "10.88.0.0/24",
    routes: { "0.0.0.0/0": "10.88.0.1" },
    allocation_pool: { start: "10.88.0.10", end: "10.88.0.20" },
  }, { NetworkType: "bridge", NetworkID: "pods" });
  await using container = await node.createContainer();

  const { kubeconfig, cniDir, stateDir, logFile } = runtime.config();
  const installed = JSON.parse(configText(readSettings(new Map()), "danm.k8s.io", "/"));
  const plugin = { ...installed, kubeconfig, cniDir, stateDir, logFile, timeout: 600 };
  const ports = { portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }] };
  const name = `installed-${node.namespace}`;
  const runtimeOf = await prepareCnitool(runtime, { name, cniVersion: "1.0.0", plugins: [plugin] }, ports);

  await run("ip", "address", "add", "192.0.2.1/24", "dev", parent);
  await peer.ip("address", "add", "192.0.2.2/24", "dev", "uplink");
  const ask = () => peer.run("bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/18080 && cat <&3");
  await runtimeOf.succeed("add", container);
  {
    await using _server = await container.netns.spawn(Deno.execPath(), "eval", SERVER);
    assertEquals(await eventually("reach the Pod by a port of the host", ask), "welcome");
  }
  assert((await run("nft", "list", "ruleset")).includes("18080"));
  await runtimeOf.succeed("check", container);
  await runtimeOf.succeed("del", container);
  await assertRejects(ask);
  assert(!(await run("nft", "list", "ruleset")).includes("18080"), "the rules are gone");
  assertEquals(await node.leftovers(asCnitoolNames(container)), []);
});

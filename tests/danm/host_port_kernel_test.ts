/**
 * Ports of the host: from the configuration that is installed, or a Pod's selection of a definition, through libcni, danm
 * and the real portmap plugin, into a Pod.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { configText } from "../../lib/installer/node_files.ts";
import { readSettings } from "../../lib/installer/settings.ts";
import { eventually } from "../cluster/eventually.ts";
import { run } from "../run_program.ts";
import { asCnitoolNames, prepareCnitool } from "../runtime/cnitool.ts";
import { danmTest } from "./danm_case.ts";
import { createDefinition, createSelecting, installDefinitions } from "./definition_scene.ts";

/** Answers every connection with a word. */
const SERVER = `for await (const peer of Deno.listen({ port: 80 })) {
  await peer.write(new TextEncoder().encode("welcome"));
  peer.close();
}`;

danmTest(
  "lets host ports lead to a Pod by its network and by a definition, with portmap",
  async (node) => {
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
    // Answers leave by the interface that was asked, whatever the default route.
    await installDefinitions(node);
    await createDefinition(node, "ports", {
      disableCheck: true, // sbr takes away the route that bridge looks for at CHECK
      plugins: [
        {
          type: "bridge",
          bridge: "ports0",
          isGateway: true,
          ipam: {
            type: "host-local",
            ranges: [[{ subnet: "10.89.0.0/24", gateway: "10.89.0.1" }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        { type: "sbr" },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    });
    await using container = await createSelecting(node, [
      { name: "ports", portMappings: [{ hostPort: 18081, containerPort: 80, protocol: "tcp" }] },
    ]);

    const { kubeconfig, cniDir, stateDir, logFile } = runtime.config();
    const installed = JSON.parse(configText(readSettings(new Map()), "danm.k8s.io", "/"));
    const plugin = { ...installed, kubeconfig, cniDir, stateDir, logFile, timeout: 600 };
    const ports = { portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }] };
    const name = `installed-${node.namespace}`;
    const runtimeOf = await prepareCnitool(runtime, { name, cniVersion: "1.0.0", plugins: [plugin] }, ports);

    await run("ip", "address", "add", "192.0.2.1/24", "dev", parent);
    await peer.ip("address", "add", "192.0.2.2/24", "dev", "uplink");
    const ask = (port = 18080) => peer.run("bash", "-c", `exec 3<>/dev/tcp/192.0.2.1/${port} && cat <&3`);
    await runtimeOf.succeed("add", container);
    {
      await using _server = await container.netns.spawn(Deno.execPath(), "eval", SERVER);
      for (const port of [18080, 18081]) {
        assertEquals(await eventually(`reach the Pod by port ${port} of the host`, () => ask(port)), "welcome");
      }
    }
    const mapped = async () => (await run("nft", "list", "ruleset")).match(/1808[01]/g) ?? [];
    assertEquals(new Set(await mapped()), new Set(["18080", "18081"]));
    await runtimeOf.succeed("check", container);
    await runtimeOf.succeed("del", container);
    for (const port of [18080, 18081]) await assertRejects(() => ask(port));
    assertEquals(await mapped(), [], "the rules are gone");
    assertEquals(await node.leftovers(asCnitoolNames(container)), []);
  },
);

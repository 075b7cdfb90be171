/** Delegates that misbehave in every way there is, beside an interface that is fine: nothing of either is left. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { processLeftovers } from "../runtime/leftovers.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import { HAS_AGENT } from "../runtime/agent_choice.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

const MAKE_LINK = "nsenter --net=$CNI_NETNS ip link add $CNI_IFNAME up type bridge\n";

/** What a delegate does at ADD, and what the error says of it; `hangs` when only the deadline ends it. */
const MISDEEDS: readonly (readonly [name: string, add: string, says: RegExp, hangs?: "hangs"])[] = [
  ["fails", "exit 3", /Plugin fails failed at ADD: it exited with 3 and said nothing$/],
  [
    "complains",
    `${MAKE_LINK} echo "no more room" >&2; exit 1`,
    /failed at ADD: it exited with 1 and said "no more room"$/,
  ],
  ["reports", `echo '{"cniVersion":"1.0.0","code":7,"msg":"bad master","details":"x"}'; exit 1`, /: bad master: x$/],
  ["dies", `${MAKE_LINK} kill -SEGV $$`, /failed at ADD: it was ended by SIGSEGV and said nothing$/],
  ["babbles", `${MAKE_LINK} echo "hello"`, /Cannot read result of plugin babbles: it is "hello", must be JSON$/],
  ["keeps-quiet", MAKE_LINK, /Cannot read result of plugin keeps-quiet: it is nothing, must be JSON$/],
  ["lists", `${MAKE_LINK} echo '[]'`, /Cannot read result of plugin lists: it is \[\], must be a JSON object$/],
  [
    "invents",
    `${MAKE_LINK} echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.300/24"}]}'`,
    /ips\[0\]\.address is "10\.0\.0\.300\/24", must be an IP address with its prefix length$/,
  ],
  ["floods", `${MAKE_LINK} exec yes`, /Cannot read output: it is longer than 4194304 bytes$/],
  [
    "hangs",
    `${MAKE_LINK} sleep 1000 & sleep 1000`,
    /Plugin hangs did not end at ADD: the deadline of \d+ s has passed$/,
    "hangs",
  ],
  ["ignores", "trap '' TERM INT HUP\nwhile :; do sleep 1000; done", /Plugin ignores did not end at ADD/, "hangs"],
];

async function createNetworks(node: TestNode, type: string): Promise<void> {
  await Deno.writeTextFile(
    `${node.runtime.cniDir}/${type}.conf`,
    JSON.stringify({ cniVersion: "1.0.0", name: type, type, ipam: {} }),
  );
  await node.createNetwork(type, { cidr: "10.2.0.0/24" }, { NetworkType: type });
}

danmTest("takes everything back whatever a delegate does, and tells what it did", async (node) => {
  await node.createNetwork("fine", { cidr: "10.1.0.0/24" });
  await Promise.all(MISDEEDS.map(async ([type, add, says, hangs]) => {
    const plugin = await writeStandIn(node.runtime, type, { ADD: add });
    await createNetworks(node, type);
    await using container = await node.createContainer([
      { network: "fine", ip: "dynamic" },
      { network: type, ip: "dynamic" },
    ]);
    let message = "";
    // On a slow machine a deadline may come before the delegate does.
    for (const timeout of hangs ? [4, 20, 60] : [120]) {
      if ((await plugin.calls()).some(({ command }) => command === "ADD")) break;
      message = await node.attachFails(container, { timeout });
      assertEquals(await node.leftovers(container), [], type);
    }
    const lines = message.split("\n");
    if (!hangs) assertEquals(lines.length, 2, message);
    assertEquals(lines[0], "CNI network could not be set up: ");
    assertMatch(lines.at(-1)!, new RegExp(`^interface 1 \\(eth1, DanmNet ${node.namespace}/${type}\\): .`));
    assertMatch(lines.at(-1)!, says);
  }));
});

danmTest("names the folders when there is no such delegate", async (node) => {
  await createNetworks(node, "missing");
  await using container = await node.createContainer([{ network: "missing", ip: "dynamic" }]);
  assertStringIncludes(
    await node.attachFails(container),
    `Cannot run plugin missing: it is not in CNI_PATH, must be in one of ${node.runtime.binDir}`,
  );
  assertEquals(await node.leftovers(container), []);
});

danmTest("keeps what a delegate would not delete until it does", async (node) => {
  await createNetworks(node, "moody");
  const add = MAKE_LINK + printsInterface();
  for (
    const [del, says] of [["echo later >&2; exit 1", /it exited with 1 and said "later"$/], ["sleep 1000", /end at/]]
  ) {
    await writeStandIn(node.runtime, "moody", { ADD: add, DEL: del as string });
    await using container = await node.createContainer([{ network: "moody", ip: "dynamic" }]);
    await node.attach(container);
    const { code, answer } = await node.runtime.call("DEL", container.sandbox, { timeout: 2 });
    assertEquals(code, 1);
    assertMatch((answer as { msg: string }).msg, says as RegExp);
    const left = await node.leftovers(container);
    assert(left.some((line) => line.startsWith("address of ")), "an address in use is not free");
    assertEquals(left.filter((line) => line.startsWith("process ")), []);

    await writeStandIn(node.runtime, "moody", { ADD: `${MAKE_LINK} exit 1`, DEL: "exit 1" });
    await node.detachFails(container);
    await writeStandIn(node.runtime, "moody", { ADD: add });
    await node.detach(container);
    assertEquals(await node.leftovers(container), []);
  }
});

danmTest("tells both when neither ADD nor its undoing works, and a later DEL does", async (node) => {
  await createNetworks(node, "awful");
  await writeStandIn(node.runtime, "awful", { ADD: `${MAKE_LINK} echo no >&2; exit 1`, DEL: "echo never >&2; exit 1" });
  await using container = await node.createContainer([{ network: "awful", ip: "dynamic" }]);
  assertEquals((await node.attachFails(container)).split("\n"), [
    "CNI network could not be set up: ",
    `interface 0 (eth0, DanmNet ${node.namespace}/awful): Plugin awful failed at ADD: it exited with 1 and said "no"`,
    "CNI network could not be removed: ",
    'interface eth0: Plugin awful failed at DEL: it exited with 1 and said "never"',
  ]);
  await writeStandIn(node.runtime, "awful", {});
  await node.detach(container);
});

danmTest("ends a delegate that outlives a killed danm, before it is undone", async (node) => {
  const begun = `${node.runtime.folder}/begun`;
  await createNetworks(node, "late");
  // It could make its link, and take an address of its own, at any time after danm was killed.
  await writeStandIn(node.runtime, "late", { ADD: `touch ${begun}-$CNI_CONTAINERID; sleep 1000 & wait` });
  const start = async (container: TestContainer) => {
    const child = await node.runtime.start("ADD", container.sandbox);
    await eventually("start the delegate", () => exists(`${begun}-${container.sandbox.containerId}`));
    child.kill("SIGKILL");
    await child.status;
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    const { containerId } = container.sandbox;
    assert(HAS_AGENT || (await processLeftovers((id) => id === containerId)).length > 0, "the delegate lives on");
  };
  await using deleted = await node.createContainer([{ network: "late", ip: "dynamic" }]);
  await using collected = await node.createContainer([{ network: "late", ip: "dynamic" }]);
  await using repeated = await node.createContainer([{ network: "late", ip: "dynamic" }]);
  for (const container of [deleted, collected, repeated]) await start(container);
  await node.detach(deleted);
  assertEquals(await node.leftovers(deleted), []);
  await node.collectGarbage([repeated]);
  assertEquals(await node.leftovers(collected), []);

  await writeStandIn(node.runtime, "late", { ADD: MAKE_LINK + printsInterface() });
  await node.attach(repeated);
  assertEquals(await processLeftovers((id) => id === repeated.sandbox.containerId), []);
  await node.detach(repeated);
});

async function exists(path: string): Promise<true | undefined> {
  return await Deno.stat(path).then(() => true as const, () => undefined);
}

/** Upgrades of a node at work, and installers that are killed. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { DEFAULT_API_GROUP } from "../../lib/api/resource.ts";
import { readHead } from "../../lib/host/files/read_head.ts";
import { install } from "../../lib/installer/install.ts";
import { parseLauncher } from "../../lib/installer/launcher.ts";
import type { Node } from "../../lib/installer/node.ts";
import { tokenOf } from "../../lib/installer/node_files.ts";
import { readPayload } from "../../lib/installer/payload.ts";
import { readSettings } from "../../lib/installer/settings.ts";
import { removeOldVersions } from "../../lib/installer/versions.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createTestNode } from "../runtime/test_node.ts";
import { createNode, type InstalledNode } from "./installed_node.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const UPGRADES = 50;
const CHANGES_OF_KIND = 12;
/** Calls that must happen during them, however fast the machine is. */
const CALLS = 6;
const KILLS = 16;

/** About as long as a start, a first copy and a trial take together. */
const LONGEST_LIFE_MS = 2000;

/** Installs one of two versions again and again, in this process: an installer that lives. */
async function upgrader(node: InstalledNode, versions: readonly string[], pluginDir: string, stateDir: string) {
  const place: Node = { root: "/", pluginDir, configDir: node.configDir, runtimeDir: node.runtimeDir };
  const payloads = await Promise.all(versions.map((folder) => readPayload(folder, place)));
  const token = tokenOf(await Deno.readTextFile(`${node.configDir}/danm.kubeconfig`))!;
  const access = { server: cluster.url, caPem: cluster.caPem, token };
  const settings = readSettings(new Map([["stateDir", stateDir]]));
  return async (number: number) => {
    const payload = payloads[number % 2]!;
    const signal = AbortSignal.timeout(60_000);
    await install(place, { payload, settings, apiGroup: DEFAULT_API_GROUP, access, mayConfigure: true }, false, signal);
  };
}

/** Goes from one of two versions to the other and back, while Pods come and go. */
async function upgradeAtWork(times: number, versionsOf: (node: InstalledNode) => readonly [string, string]) {
  await using node = await createNode(cluster);
  const versions = versionsOf(node);
  await node.install(versions[1]);
  await using test = await createTestNode(cluster, `${node.configDir}/danm.kubeconfig`);
  await test.createNetwork("a", { cidr: "10.1.0.0/24" });
  const upgrade = await upgrader(node, versions, test.runtime.binDir, test.runtime.stateDir);
  await upgrade(0);
  let isUpgrading = true;
  const done = { attach: 0, version: 0 };
  const attaching = async () => {
    await using container = await test.createContainer([{ network: "a", ip: "dynamic" }]);
    for (; isUpgrading; done.attach++) {
      await test.attach(container);
      await test.detach(container);
    }
  };
  const asking = async () => {
    for (; isUpgrading; done.version++) {
      const { code, stderr } = await test.runtime.call("VERSION", undefined);
      assertEquals([code, stderr], [0, ""]);
    }
  };
  const upgrading = async () => {
    const isEnough = (number: number) => number > times && Math.min(done.attach, done.version) >= CALLS;
    for (let number = 1; isUpgrading && !isEnough(number); number++) await upgrade(number);
    isUpgrading = false;
  };
  const stop = (reason: unknown) => {
    isUpgrading = false;
    throw reason;
  };
  const ends = await Promise.allSettled([upgrading, attaching, asking].map((work) => work().catch(stop)));
  assertEquals(ends.flatMap((end) => end.status === "rejected" ? [String(end.reason)] : []), []);
  assertEquals(await test.leftovers(), []);
}

Deno.test("an upgrade is not felt by Pods that come and go meanwhile, 50 times", async () => {
  await upgradeAtWork(UPGRADES, (node) => node.versions);
});

Deno.test("an upgrade from launchers to binaries and back is not felt by Pods that come and go meanwhile", async () => {
  const folder = fromFileUrl(new URL("../../bin", import.meta.url));
  const versions = [`${folder}/launchers/node`, `${folder}/node`] as const;
  const heads = await Promise.all(versions.map((version) => readHead(`${version}/danm`, 16_384)));
  assertEquals(heads.map((head) => parseLauncher(head) !== undefined), [true, false], "one of each must be there");
  await upgradeAtWork(CHANGES_OF_KIND, () => versions);
});

Deno.test("an installer killed at any instant leaves a node that works, and the next one completes it", async () => {
  await using node = await createNode(cluster);
  for (let number = 0; number < KILLS; number++) {
    await using process = node.start(node.versions[number % 2]);
    // From the first moment to the last, in an order that is no other.
    const life = ((number * 7) % KILLS) / (KILLS - 1) * LONGEST_LIFE_MS;
    await Promise.race([process.status, new Promise((resolve) => setTimeout(resolve, life))]);
    process.kill("SIGKILL");
    await process.status;
    const installed = (await node.files()).includes("net.d/00-danm.conf");
    if (installed) assertEquals((await node.call("danm", "VERSION")).code, 0, `after ${life} ms`);
  }
  for (const version of node.versions) { // each uses up what is left of itself
    await node.install(version);
    assertEquals((await node.call("danm", "STATUS", { cniVersion: "1.1.0" })).code, 0);
  }
  const left = (await node.files()).filter((path) => /\.new$|\.tmp$|trial/.test(path));
  assertEquals(left, []);
});

Deno.test("removeOldVersions() waits until no process of a version runs", async () => {
  await using node = await createNode(cluster);
  await node.install(node.versions[0]);
  await node.install(node.versions[1]);
  const place: Node = { root: "/", ...node };
  const [current] = /[^/]+(?=\/danm\.program)/.exec(await Deno.readTextFile(`${node.pluginDir}/danm`)) ?? [""];
  const versions = () =>
    [...Deno.readDirSync(node.runtimeDir)].map(({ name }) => name).filter((name) => name !== ".lock");
  const old = versions().find((name) => name !== current)!;
  // A call that takes long: it waits for the end of its input.
  const child = new Deno.Command(`${node.runtimeDir}/${old}/danm`, {
    env: { CNI_COMMAND: "VERSION" },
    clearEnv: true,
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const later = Date.now() + 61_000;
  assertEquals(await removeOldVersions(place, current, Date.now()), []); // replaced just now
  assertEquals(await removeOldVersions(place, current, later), []); // in use
  await child.stdin.close();
  await child.status;
  assertEquals(await removeOldVersions(place, current, later), [old]);
  assertEquals(versions(), [current]);
});

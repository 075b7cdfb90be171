/** The installer on folders of this machine, against a real API server. */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { digestFiles } from "../../lib/host/files/digest_files.ts";
import { tokenOf } from "../../lib/installer/node_files.ts";
import { renewalTime } from "../../lib/installer/token.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNode, createNodeObject, type InstalledNode } from "./installed_node.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

/** What the version in use consists of: launchers bring the Deno that runs them. */
async function versionFiles(node: InstalledNode): Promise<string[]> {
  const script = await Deno.readTextFile(`${node.pluginDir}/danm`);
  const [, version] = /\/([0-9][^/]*)\/danm\.program/.exec(script) ?? [];
  const runtime = / exec \S+\/deno /.test(script) ? ["deno"] : [];
  const programs = ["danm", "danm.program", ...runtime, "fakeipam", "fakeipam.program"];
  return programs.map((name) => `runtime/${version}/${name}`);
}

/** All that is on a node with one version, but the code that its runtime has compiled. */
async function complete(node: InstalledNode, config = "00-danm.conf"): Promise<string[]> {
  const own = ["bin/danm", "bin/fakeipam", `net.d/${config}`, "net.d/danm.kubeconfig", "runtime/.lock"];
  return [...own, ...await versionFiles(node)];
}

async function present(node: InstalledNode): Promise<string[]> {
  return (await node.files()).filter((path) => !path.includes("/cache/"));
}

async function currentToken(node: InstalledNode): Promise<string> {
  return tokenOf(await Deno.readTextFile(`${node.configDir}/danm.kubeconfig`))!;
}

async function statusCode(node: InstalledNode): Promise<number> {
  return (await node.call("danm", "STATUS", { cniVersion: "1.1.0" })).code;
}

Deno.test("the installer makes a node work, and changes nothing when repeated", async () => {
  await using node = await createNode(cluster);
  await node.install();
  const files = await complete(node);
  assertEquals(await present(node), files);
  assertEquals(await node.config(), {
    name: "danm",
    type: "danm",
    kubeconfig: `${node.configDir}/danm.kubeconfig`,
    apiGroup: "danm.k8s.io",
    logFile: `${node.folder}/danm.log`,
    stateDir: node.stateDir,
    cniVersion: "1.0.0",
    capabilities: {
      aliases: true,
      bandwidth: true,
      cgroupPath: true,
      deviceID: true,
      dns: true,
      infinibandGUID: true,
      ipRanges: true,
      ips: true,
      mac: true,
      portMappings: true,
    },
  });
  assertEquals(await statusCode(node), 0);
  for (const plugin of ["danm", "fakeipam"]) {
    const { code, stdout } = await node.call(plugin, "VERSION");
    assertEquals([code, JSON.parse(stdout).supportedVersions.includes("1.1.0")], [0, true], plugin);
  }
  assertEquals(Deno.statSync(`${node.configDir}/danm.kubeconfig`).mode! & 0o777, 0o600);
  const inodes = () => files.map((path) => Deno.statSync(`${node.folder}/${path}`).ino);
  const before = inodes();
  const log = await node.install();
  assertEquals([log.filter(({ message }) => message === "placed"), inodes()], [[], before]);
});

Deno.test("the installer puts back what somebody changed or removed", async () => {
  await using node = await createNode(cluster);
  await using process = node.start();
  await process.ready();
  const files = await complete(node);
  const contents = () => Promise.all(files.map((path) => digestFiles([`${node.folder}/${path}`])));
  const before = await contents();
  await Deno.writeTextFile(`${node.pluginDir}/fakeipam`, "#!/bin/sh\nexit 1\n");
  for (const path of files.slice(4)) await Deno.remove(`${node.folder}/${path}`);
  await eventually("see all files again", async () => {
    assertEquals(await contents(), before);
    return true;
  });
  assertEquals(await statusCode(node), 0);
});

Deno.test("the installer leaves the node to software that takes its configuration away, says so, and tries anew when started", async () => {
  await using node = await createNode(cluster);
  const config = `${node.configDir}/00-danm.conf`;
  {
    await using process = node.start();
    await process.ready();
    await Deno.rename(config, `${config}.cilium_bak`);
    await Deno.remove(`${node.configDir}/danm.kubeconfig`);
    const { reason } = await process.says("cannot install");
    assertStringIncludes(String(reason), "it was renamed to 00-danm.conf.cilium_bak by other software");
    assertStringIncludes((await process.get("/readyz")).text, "cni.exclusive=false");
    const field = `--field-selector=regarding.name=${node.name}`;
    const event = await eventually("see the Event", async () => {
      const text = await cluster.kubectl("get", "events.v1.events.k8s.io", "-n", "default", field, "-o", "json");
      return JSON.parse(text).items[0];
    });
    assertEquals([event.type, event.reason, event.note], ["Warning", "ConfigurationTaken", reason]);
    assertEquals((await present(node)).filter((path) => path.startsWith("net.d/")), [
      "net.d/00-danm.conf.cilium_bak",
      "net.d/danm.kubeconfig", // Pods that run must be detached
    ]);
  }
  await using process = node.start();
  await process.ready();
  assertEquals(await present(node), await complete(node));
  await Deno.rename(config, `${config}.bak`);
  await process.says("cannot install");
  process.kill("SIGTERM");
  await process.status;
  await using uninstaller = node.start(undefined, "--uninstall");
  await uninstaller.ready();
  assertEquals(await node.files(), []);
});

Deno.test("the installer has what danm calls for compiled, in a folder that is root's alone", async () => {
  await using node = await createNode(cluster);
  await node.install();
  const [, script = ""] = await complete(node).then((paths) => paths.filter((path) => path.endsWith("/danm")));
  const cache = `${node.folder}/${script.replace(/danm$/, "cache")}`;
  assertEquals(Deno.statSync(cache).mode! & 0o777, 0o700);
  const kept = (await node.files()).filter((path) => path.includes("/cache/"));
  const texts = await Promise.all(kept.map((path) => Deno.readFile(`${node.folder}/${path}`)));
  const text = texts.map((bytes) => new TextDecoder("latin1").decode(bytes)).join("");
  assertEquals(text.includes("danm.program"), true, "danm itself");
  if (!(await versionFiles(node)).some((path) => path.endsWith("/deno"))) {
    assertEquals(text.includes("/serve_alone-"), true, "what does the work without an agent");
    // Of the runtime's own parts, the one that takes longest.
    assertEquals(text.includes("ext:deno_fetch/26_fetch.js"), true, "what asks the API server");
  }
});

Deno.test("the installer makes a node count as one with a network last, when danm works", async () => {
  await using node = await createNode(cluster);
  await Deno.writeTextFile(`${node.settingsDir}/server`, "https://127.0.0.1:1");
  await using process = node.start();
  const { reason } = await process.says("cannot install");
  assertStringIncludes(String(reason), "STATUS failed: Cannot reach API server https://127.0.0.1:1");
  const foreign = (await present(node)).filter((path) => !path.startsWith("runtime/"));
  assertEquals(foreign, []);
  await Deno.remove(`${node.settingsDir}/server`);
  await process.ready();
  assertEquals(await present(node), await complete(node));
});

Deno.test("the installer follows its settings, and keeps what works when they cannot be used", async () => {
  await using node = await createNode(cluster);
  const set = (key: string, value: string) => Deno.writeTextFile(`${node.settingsDir}/${key}`, value);
  await using process = node.start();
  await process.ready();
  await set("timeout", "44\n");
  await eventually("see the new timeout", async () => (await node.config()).timeout === 44 || undefined);

  for (const [key, value] of [["timeout", "-1"], ["server", "https://127.0.0.1:1"], ["nonsense", "1"]] as const) {
    const before = await Promise.all([node.config(), currentToken(node)]);
    const seen = process.log.length;
    await set(key, value);
    await eventually(
      `hear of ${key}`,
      () => process.log.slice(seen).find(({ message }) => message === "cannot install"),
    );
    assertEquals(await Promise.all([node.config(), currentToken(node)]), before);
    assertEquals(await statusCode(node), 0, "a wrong setting must not be felt");
    await Deno.remove(`${node.settingsDir}/${key}`);
    await process.ready();
  }

  await Deno.writeTextFile(
    `${node.configDir}/10-other.conf`,
    `{"name":"other","type":"danm","kubeconfig":"/elsewhere"}`,
  );
  await set("configFile", "99-danm.conf");
  const expected = [...await complete(node, "99-danm.conf"), "net.d/10-other.conf", "danm.log"].sort();
  await eventually("see the configuration under its new name alone", async () => {
    assertEquals(await present(node), expected);
    return true;
  });
});

Deno.test("the installer keeps danm's token fresh", async () => {
  await using node = await createNode(cluster);
  await node.install();
  const first = await currentToken(node);
  const claims = JSON.parse(atob(first.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  assertEquals(claims.sub, "system:serviceaccount:kube-system:danm");
  assertEquals([claims["kubernetes.io"].node.name, claims.exp - claims.iat], [node.name, 604_800]);
  assert(renewalTime(first)! > Date.now());

  await node.install(); // a token that is good stays
  assertEquals(await currentToken(node), first);

  // One that ends with its Node, which came back as another one.
  await cluster.kubectl("delete", "node", node.name);
  await createNodeObject(cluster, node.name);
  await eventually("see danm refused", async () => await statusCode(node) !== 0 || undefined);
  await node.install();
  const second = await currentToken(node);
  assertNotEquals(second, first);
  assertEquals(await statusCode(node), 0);

  // One that is due: a text that says so, as no test can wait for it.
  await using process = node.start();
  await process.ready();
  const path = `${node.configDir}/danm.kubeconfig`;
  const old = `e30.${btoa(JSON.stringify({ iat: 1, exp: 4 }))}.x`;
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(second, old));
  await eventually("see another token", async () => ![old, second].includes(await currentToken(node)) || undefined);
  assertEquals(await statusCode(node), 0);
});

Deno.test("the installer takes everything back, when no container needs it any more", async () => {
  await using node = await createNode(cluster);
  await Deno.writeTextFile(`${node.configDir}/10-other.conf`, "{}");
  await Deno.writeTextFile(`${node.pluginDir}/other`, "");
  await node.install();
  const journal = `${node.stateDir}/attachments/container`;
  await Deno.mkdir(`${node.stateDir}/attachments`, { recursive: true });
  await Deno.writeTextFile(journal, "");
  const before = await node.files();
  await Deno.remove(`${node.settingsDir}/stateDir`); // what counts is what the node was installed with
  await using process = node.start(undefined, "--uninstall");
  const { reason } = await process.says("cannot uninstall");
  assertStringIncludes(String(reason), "containers attached are 1 (container), must be none");
  assertEquals(await node.files(), before);
  await Deno.remove(journal);
  await process.ready();
  assertEquals(await node.files(), ["bin/other", "net.d/10-other.conf"]);
  const folders = [...Deno.readDirSync(node.folder)].map(({ name }) => name).sort();
  assertEquals(folders, ["1", "2", "bin", "net.d", "settings"]);
  process.kill("SIGTERM");
  assertEquals((await process.status).code, 0);
});

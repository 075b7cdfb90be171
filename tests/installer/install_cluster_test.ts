/** The installer on folders of this machine, against a real API server. */

import { assertEquals } from "@std/assert";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNode } from "./installed_node.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

Deno.test("the installer makes a node work, and changes nothing when repeated", async () => {
  await using node = await createNode(cluster);
  await node.install();
  const files = await node.files();
  const version = files.find((path) => path.endsWith("/danm.program"))!.split("/")[1];
  assertEquals(files.filter((path) => !path.includes("/cache/")), [
    "bin/danm",
    "bin/fakeipam",
    "net.d/00-danm.conf",
    "net.d/danm.kubeconfig",
    "runtime/.lock",
    ...["danm", "danm.program", "deno", "fakeipam", "fakeipam.program"].map((name) => `runtime/${version}/${name}`),
  ]);
  assertEquals((await node.call("danm", "STATUS", { cniVersion: "1.1.0" })).code, 0);
  for (const plugin of ["danm", "fakeipam"]) {
    const { code, stdout } = await node.call(plugin, "VERSION");
    assertEquals([code, JSON.parse(stdout).supportedVersions.includes("1.1.0")], [0, true], plugin);
  }
  assertEquals(Deno.statSync(`${node.configDir}/danm.kubeconfig`).mode! & 0o777, 0o600);
  const inodes = () =>
    files.filter((path) => !path.includes("cache")).map((path) => Deno.statSync(`${node.folder}/${path}`).ino);
  const before = inodes();
  const log = await node.install();
  assertEquals([log.filter(({ message }) => message === "placed"), inodes()], [[], before]);
});

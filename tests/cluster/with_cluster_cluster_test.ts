import { assertEquals } from "@std/assert";
import { CLUSTER_FOLDER } from "./shared_cluster.ts";

Deno.test("with_cluster.ts runs a command with a cluster, ends with its code and leaves nothing", async () => {
  const wrapper = new URL("./with_cluster.ts", import.meta.url).href;
  const shared = new URL("./shared_cluster.ts", import.meta.url).href;
  const code = `import { sharedCluster } from "${shared}";
    await using cluster = await sharedCluster();
    console.log(cluster.folder, Deno.env.get("${CLUSTER_FOLDER}"), await cluster.kubectl("get", "--raw=/readyz"));
    Deno.exitCode = 7;`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", wrapper, Deno.execPath(), "eval", code],
    stdout: "piped",
  });
  const { code: exitCode, stdout } = await command.output();
  const [folder, given, ready] = new TextDecoder().decode(stdout).trim().split(" ");
  assertEquals([exitCode, given, ready], [7, folder, "ok"]);
  assertEquals(await Deno.stat(folder!).catch((error) => error instanceof Deno.errors.NotFound), true);
});

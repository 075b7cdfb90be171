import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path/posix";
import type { Network } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { eventually } from "../cluster/eventually.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { create, GROUP, network, putTenantConfig, settled, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const DOCUMENT = fromFileUrl(new URL("../../docs/webhook.md", import.meta.url));

const scene = await openWebhookScene();
const { cluster, admin } = scene;
Deno.test.afterAll(async () => await scene[Symbol.asyncDispose]());

/** The commands after `marker` in the documentation. */
async function documented(marker: string): Promise<string[]> {
  const [, text = ""] = (await Deno.readTextFile(DOCUMENT)).split(marker);
  const [, block = ""] = /```\n([\s\S]*?)```/.exec(text) ?? [];
  assert(block !== "", `no commands after ${marker}`);
  return block.replaceAll(/\n {2}/g, " ").trim().split("\n");
}

/** Runs `command` as an administrator does, in a folder of its own. */
async function run(command: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", command],
    cwd: cluster.folder,
    env: {
      KUBECONFIG: cluster.kubeconfig,
      PATH: `${dirname(await findBinary("kubectl"))}:${Deno.env.get("PATH")}`,
    },
  }).output();
  assert(success, `${command}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test("TenantNetworks are restored from a backup by the documented commands", async () => {
  await putTenantConfig(admin, "config", {
    hostDevices: [{ name: "ens4", vniType: "vlan", vniRange: "100-200" }],
  });
  const namespaces = [await cluster.createNamespace(), await cluster.createNamespace()];
  for (const namespace of namespaces) {
    for (const name of ["a", "b"]) {
      const spec = { NetworkID: name, Options: { cidr: "10.0.0.0/24" } };
      await create(admin, network("TenantNetwork", namespace, name, spec));
    }
  }
  for (const namespace of namespaces) await Promise.all(["a", "b"].map((name) => settled(admin, namespace, name)));
  const stored = async () => {
    const all = await listAll<Network>(admin, resourceFor("TenantNetwork", GROUP), soon());
    return all.map(({ metadata: { namespace, name }, spec }) => ({ namespace, name, spec }));
  };
  const before = await stored();
  const [save, ...restore] = await documented("## Restoring a backup");
  await run(save!);
  for (const { namespace, name } of before) {
    await admin.delete({ ...resourceFor("TenantNetwork", GROUP), namespace: namespace!, name }, soon());
  }
  await eventually("see them gone", async () => (await stored()).length === 0 || undefined);
  await run(restore.join(" "));
  assertEquals(await stored(), before);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { checkRuleTable } from "./rule_table_check.ts";
import { complaint, create, installWebhook, network, putTenantConfig, settled, soon } from "./webhook_cluster.ts";
import { startWebhook } from "./webhook_process.ts";

const GROUP = "danm.io";

const cluster = await startCluster();
const kubeconfig = await installWebhook(cluster, GROUP);
const webhook = startWebhook(cluster, { kubeconfig, args: [`--api-group=${GROUP}`] });
const admin = cluster.client();
Deno.test.afterAll(async () => {
  admin[Symbol.dispose]();
  await webhook[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

Deno.test("under the other API group the rules are the same", async () => {
  await eventually("see it register with the rights of its manifest", async () => {
    const last = webhook.log.findLast(({ level }) => level === "warning" || level === "error");
    if (last) throw new Error(JSON.stringify(last));
    await webhook.ready();
    return true;
  });
  await checkRuleTable(cluster, GROUP, "config");
});

Deno.test("under the other API group TenantNetworks get a number, and its annotations are of that group", async () => {
  const namespace = await cluster.createNamespace();
  await putTenantConfig(admin, "config", { hostDevices: [{ name: "ens4", vniType: "vlan", vniRange: "7" }] }, GROUP);
  const one = (name: string) => network("TenantNetwork", namespace, name, { NetworkID: "a" }, GROUP);
  assertEquals((await create(admin, one("a"))).metadata.annotations, { [`${GROUP}/waits-for`]: "vlan" });
  const made = await settled(admin, namespace, "a", GROUP);
  assertEquals([networkOptions(made).vlan, networkOptions(made).host_device], [7, "ens4"]);
  assertEquals(made.metadata.annotations ?? {}, {});
  assertEquals(made.metadata.finalizers, [`${GROUP}/attached-pods`]);
  assertStringIncludes(await complaint(create(admin, one("b"))), "no number is free");
  await admin.delete({ ...resourceFor("TenantNetwork", GROUP), namespace, name: "a" }, soon());
  await eventually("make another one", () => create(admin, one("b")).catch(() => undefined));
  assertEquals(networkOptions(await settled(admin, namespace, "b", GROUP)).vlan, 7);
});

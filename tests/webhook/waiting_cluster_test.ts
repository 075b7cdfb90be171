/** TenantNetworks that have no number yet, and what else people must be told of their networks. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import type { EventObject } from "../../lib/kube/events/event_object.ts";
import { eventually } from "../cluster/eventually.ts";
import { createTestNode } from "../runtime/test_node.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { create, GROUP, installWebhook, network, putTenantConfig, settled, soon } from "./webhook_cluster.ts";
import { startWebhook } from "./webhook_process.ts";

const cluster = await startCluster();
const admin = cluster.client();

// A network from before the webhook, which nobody may change.
await installCrds(cluster, GROUP, "lightweight", "production");
const before = await cluster.createNamespace();
await create(admin, network("DanmNet", before, "stubborn", { NetworkID: "a" }));
await create(admin, network("TenantNetwork", before, "first-probe", { NetworkID: "a" }));
await policy("create", "no-changes", ["UPDATE"], "!(object.metadata.name in ['stubborn', 'first-probe'])");
await inForce(before, "first-probe");

const webhook = startWebhook(cluster, { kubeconfig: await installWebhook(cluster) });
Deno.test.afterAll(async () => {
  admin[Symbol.dispose]();
  await webhook[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});
await webhook.ready();

/** Waits for an Event about the network `name`. */
async function told(namespace: string, name: string, reason: string): Promise<string> {
  const events = { group: "events.k8s.io", version: "v1", plural: "events", namespace };
  return await eventually(`be told ${reason} of ${name}`, async () => {
    const { items } = await admin.list<EventObject>(events, soon());
    return items.find((event) => event.regarding.name === name && event.reason === reason)?.note;
  }, 300);
}

async function policy(
  verb: "create" | "delete",
  name: string,
  operations: string[],
  expression: string,
): Promise<void> {
  const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".json" });
  const rules = [{ apiGroups: [GROUP], apiVersions: ["v1"], operations, resources: ["tenantnetworks", "danmnets"] }];
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [{
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression, message: "not wanted" }] },
    }, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    }],
  };
  await Deno.writeTextFile(file, JSON.stringify(list));
  await cluster.kubectl(verb, `--filename=${file}`);
}

/** Until the API server goes by a policy: it says so by refusing to change the labels of the TenantNetwork `name`. */
async function inForce(namespace: string, name: string): Promise<void> {
  const probe = { ...resourceFor("TenantNetwork", GROUP), namespace, name };
  let count = 0;
  await eventually("see the policy in force", async () => {
    const body = { metadata: { labels: { count: String(count++) } } };
    const refusal = await admin.patch(probe, { type: "merge", body }, soon()).then(() => "", String);
    return refusal.includes("not wanted") || undefined;
  });
}

Deno.test("a TenantNetwork without its number says so, and a Pod that comes meanwhile is told to try again", async () => {
  await using node = await createTestNode(cluster);
  const { namespace, parent } = node;
  await putTenantConfig(admin, "config", {
    hostDevices: [{ name: parent, vniType: "vlan", vniRange: "5-9" }, { name: "p" }],
  });
  await create(admin, network("TenantNetwork", namespace, "probe", { Options: { host_device: "p" } }));
  await policy("create", "no-numbers", ["UPDATE"], "object.spec == oldObject.spec && object.metadata.name != 'probe'");
  await inForce(namespace, "probe");
  const spec = { NetworkType: "macvlan", NetworkID: "t", Options: { host_device: parent, cidr: "10.7.0.0/24" } };
  await create(admin, network("TenantNetwork", namespace, "t", spec));
  const table = await cluster.kubectl("get", "tenantnetwork", "t", `--namespace=${namespace}`);
  const [titles, row] = table.split("\n").map((line) => line.trim().split(/\s+/));
  assertEquals([titles?.at(-1), row?.at(-1)], ["WAITSFOR", "vlan"]);
  assertStringIncludes(await told(namespace, "t", "WaitsForNumber"), "waits for a vlan number");
  assertStringIncludes(await told(namespace, "t", "NotInOrder"), "not wanted");

  await using container = await node.createContainer([{ tenantNetwork: "t", ip: "dynamic" }]);
  const { answer } = await node.runtime.call("ADD", container.sandbox);
  const { code, msg } = answer as { readonly code: number; readonly msg: string };
  assertEquals(code, 11);
  assertStringIncludes(msg, "the network has no vlan number yet");
  assertEquals(await node.leftovers(container), []);

  await policy("delete", "no-numbers", ["UPDATE"], "true");
  const given = await settled(admin, namespace, "t");
  assertStringIncludes(
    await told(namespace, "t", "NumberGiven"),
    `got vlan ${networkOptions(given).vlan} of ${parent}`,
  );
  assertStringIncludes(await node.attachFails(container), "netwatcher makes it");
});

Deno.test("a network that does not take the finalizer says so", async () => {
  assertStringIncludes(await told(before, "stubborn", "NotProtected"), "not wanted");
  await policy("delete", "no-changes", ["UPDATE"], "true");
});

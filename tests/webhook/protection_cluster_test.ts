import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Network, NetworkKind } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { complaint, create, endpointOf, GROUP, network, putTenantConfig, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const scene = await openWebhookScene();
const { cluster, admin } = scene;
Deno.test.afterAll(async () => await scene[Symbol.asyncDispose]());

const networks = (kind: NetworkKind, namespace?: string) => ({ ...resourceFor(kind, GROUP), namespace });
const read = (kind: NetworkKind, namespace: string, name: string) =>
  admin.get<Network>({ ...networks(kind, namespace), name }, soon());
await putTenantConfig(admin, "config", { hostDevices: [{ name: "ens4" }] });

Deno.test("a network with Pods is not deleted nor moved, and goes when they have gone", async () => {
  const namespace = await cluster.createNamespace();
  const made = await create(
    admin,
    network("DanmNet", namespace, "default", { NetworkID: "a", Options: { host_device: "ens9", cidr: "10.0.0.0/24" } }),
  );
  const endpoint = await create(admin, endpointOf(made, namespace, "e", "10.0.0.200/24"));
  const remove = () => admin.delete({ ...networks("DanmNet", namespace), name: "default" }, soon());
  const change = (Options: object) =>
    admin.patch(
      { ...networks("DanmNet", namespace), name: "default" },
      { type: "merge", body: { spec: { Options } } },
      soon(),
    );
  assertStringIncludes(await complaint(remove()), `must stay while Pod ${namespace}/pod-e is attached (rule 15)`);
  assertStringIncludes(await complaint(change({ host_device: "ens8" })), "(rule 14)");
  assertStringIncludes(await complaint(change({ cidr: "10.0.0.0/25" })), "must hold the address 10.0.0.200/24");
  await change({ cidr: "10.0.0.0/16" });
  await admin.delete({ ...resourceFor("DanmEp", GROUP), namespace, name: endpoint.metadata.name }, soon());
  await remove();
  await eventually(
    "see it gone",
    async () => (await complaint(read("DanmNet", namespace, "default"))).includes("404") || undefined,
  );
});

/** One after the other now and then, so that either wins; else they meet somewhere. Resolves to what `attach` did. */
async function meet(index: number, attach: () => Promise<boolean>, remove: () => Promise<void>): Promise<boolean> {
  const somewhere = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  if (index % 10 === 0) {
    const attached = await attach();
    await remove();
    return attached;
  }
  if (index % 10 === 1) {
    await remove();
    return await attach();
  }
  const [attached] = await Promise.all([somewhere().then(attach), somewhere().then(remove)]);
  return attached;
}

Deno.test("no Pod is left attached to a network that is gone, however the two race", async () => {
  const namespace = await cluster.createNamespace();
  const outcomes = { attached: 0, refused: 0 };
  await Promise.all(Array.from({ length: 40 }, async (_, index) => {
    const name = `n${index}`;
    const made = await create(admin, network("DanmNet", namespace, name, { NetworkID: "a" }));
    /** As danm does: the record first, then another look at the network. */
    const attach = async () => {
      await create(admin, endpointOf(made, namespace, name));
      const now = await read("DanmNet", namespace, name).catch(() => undefined);
      if (now && now.metadata.deletionTimestamp === undefined && now.metadata.uid === made.metadata.uid) return true;
      await admin.delete({ ...resourceFor("DanmEp", GROUP), namespace, name }, soon());
      return false;
    };
    const remove = async () => {
      await admin.delete({ ...networks("DanmNet", namespace), name }, soon()).catch(() => {});
    };
    const attached = await meet(index, attach, remove);
    if (attached) {
      outcomes.attached++;
      assertEquals((await read("DanmNet", namespace, name)).metadata.uid, made.metadata.uid);
      await admin.delete({ ...resourceFor("DanmEp", GROUP), namespace, name }, soon());
    } else {
      outcomes.refused++;
      await eventually(
        "see it gone",
        async () => (await complaint(read("DanmNet", namespace, name))).includes("404") || undefined,
      );
    }
  }));
  assert(outcomes.attached > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});

Deno.test("a namespace is emptied once its Pods have gone", async () => {
  const namespace = await cluster.createNamespace();
  const made = await create(admin, network("DanmNet", namespace, "a", { NetworkID: "a" }));
  await create(admin, network("TenantNetwork", namespace, "t", { NetworkID: "a" }));
  await create(admin, endpointOf(made, namespace, "e"));
  const asController = "--as=system:serviceaccount:kube-system:namespace-controller";
  await cluster.kubectl(
    "create",
    "clusterrolebinding",
    `nc-${namespace}`,
    "--clusterrole=cluster-admin",
    "--user=system:serviceaccount:kube-system:namespace-controller",
  );
  await cluster.kubectl(
    "delete",
    "danmnets,tenantnetworks",
    "--all",
    "--wait=false",
    `--namespace=${namespace}`,
    asController,
  );
  await eventually(
    "see the free network gone",
    async () => (await complaint(read("TenantNetwork", namespace, "t"))).includes("404") || undefined,
  );
  assert((await read("DanmNet", namespace, "a")).metadata.deletionTimestamp);
  await admin.delete({ ...resourceFor("DanmEp", GROUP), namespace, name: "e" }, soon());
  await eventually(
    "see the other one gone",
    async () => (await complaint(read("DanmNet", namespace, "a"))).includes("404") || undefined,
  );
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import { type Network, type NetworkKind, networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { sweepVnis } from "../../lib/webhook/sweep_vnis.ts";
import { eventually } from "../cluster/eventually.ts";
import { checkRuleTable } from "./rule_table_check.ts";
import { complaint, create, GROUP, network, putTenantConfig, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const scene = await openWebhookScene();
const { cluster, webhook, admin } = scene;
Deno.test.afterAll(async () => await scene[Symbol.asyncDispose]());

const networks = (kind: NetworkKind, namespace?: string) => ({ ...resourceFor(kind, GROUP), namespace });
const read = (kind: NetworkKind, namespace: string, name: string) =>
  admin.get<Network>({ ...networks(kind, namespace), name }, soon());

/** Who holds which numbers of a device. */
async function held(device: string): Promise<Map<number, string>> {
  const blocks = await listAll<AddressBlock>(admin, resourceFor("AddressBlock", GROUP), soon());
  return new Map(
    blocks.filter(({ spec }) => spec.device === device).flatMap(({ spec }) =>
      Object.entries(spec.allocations ?? {}).map(([offset, owner]) => [Number(spec.base) + Number(offset), owner])
    ),
  );
}

/** Runs kubectl with a manifest. */
async function kubectl(verb: readonly string[], object: object): Promise<string> {
  const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify(object));
  return await cluster.kubectl(...verb, `--filename=${file}`);
}

/** What most tests go by. */
const FULL = {
  hostDevices: [{ name: "ens4", vniType: "vlan", vniRange: "100-299" }, { name: "nic.io/pool" }],
  networkIds: { Flannel: "given" },
} as const;
await putTenantConfig(admin, "config", FULL);

Deno.test("the API server refuses every object that a rule refuses at creation, and accepts the others", async () => {
  await checkRuleTable(cluster, GROUP, "config");
  await putTenantConfig(admin, "config", FULL);
});

Deno.test("a network is completed by create, apply, server-side apply, and a dry run stores nothing", async () => {
  const namespace = await cluster.createNamespace();
  const spec = { NetworkID: "a", Options: { cidr: "10.0.0.0/24", net6: "2001:db8::/64" } };
  const verbs = { a: ["create"], b: ["apply"], c: ["apply", "--server-side"], d: ["create", "--dry-run=server"] };
  for (const [name, verb] of Object.entries(verbs)) {
    const object = network("DanmNet", namespace, name, spec);
    const stored: Network = JSON.parse(await kubectl([...verb, "--output=json"], object));
    assertEquals(networkOptions(stored).allocation_pool, { start: "10.0.0.1", end: "10.0.0.254" });
    assertEquals(networkOptions(stored).allocation_pool_v6?.cidr, "2001:db8::/106");
    assertEquals(stored.metadata.finalizers, [`${GROUP}/attached-pods`]);
    if (name !== "d") assertStringIncludes(await kubectl(verb.includes("apply") ? verb : ["replace"], object), name);
  }
  assertEquals((await admin.list(networks("DanmNet", namespace), soon())).items.length, 3);
});

Deno.test("an update that changes nothing of interest is not even asked about, and one that does is judged", async () => {
  const namespace = await cluster.createNamespace();
  await create(admin, network("DanmNet", namespace, "a", { NetworkID: "a", Options: { cidr: "10.0.0.0/24" } }));
  const judged = async () =>
    [...(await webhook.get("/metrics")).text.matchAll(/^danm_webhook_reviews_total\{.*\} (\d+)$/gm)].map(([, n]) =>
      Number(n)
    )
      .reduce((a, b) => a + b, 0);
  const before = await judged();
  await cluster.kubectl("label", "danmnet", "a", "x=y", `--namespace=${namespace}`);
  await cluster.kubectl("annotate", "danmnet", "a", "x=y", `--namespace=${namespace}`);
  assertEquals(await judged(), before);
  const patch = (Options: object) =>
    cluster.kubectl(
      "patch",
      "danmnet",
      "a",
      "--type=merge",
      `--namespace=${namespace}`,
      `--patch=${JSON.stringify({ spec: { Options } })}`,
    );
  assertStringIncludes(await complaint(patch({ alloc: "gAAAAQ==" })), "spec.Options.alloc is");
  await patch({ cidr: "10.1.0.0/24" });
  assertEquals(networkOptions(await read("DanmNet", namespace, "a")).allocation_pool?.end, "10.1.0.254");
});

Deno.test("a TenantNetwork keeps its device and number whatever way it is written again", async () => {
  const namespace = await cluster.createNamespace();
  const own = network("TenantNetwork", namespace, "a", { NetworkID: "a", Options: { cidr: "10.0.0.0/24" } });
  const made = await create(admin, own);
  const { vlan = 0, host_device } = networkOptions(made);
  assertEquals(host_device, "ens4");
  assert(vlan >= 100 && vlan <= 299);
  const owner = made.metadata.annotations?.[`${GROUP}/vni-owner`];
  assertEquals((await held("ens4")).get(vlan), owner);
  const routed = {
    ...own,
    spec: { ...own.spec, Options: { ...own.spec.Options, routes: { "0.0.0.0/0": "10.0.0.1" } } },
  };
  for (const verb of [["replace"], ["apply", "--server-side", "--force-conflicts"], ["replace"]]) {
    for (const object of [routed, own]) {
      await kubectl(verb, object);
      const { spec, metadata } = await read("TenantNetwork", namespace, "a");
      assertEquals([spec.Options?.vlan, spec.Options?.host_device], [vlan, "ens4"]);
      assertEquals(metadata.annotations?.[`${GROUP}/vni-owner`], owner);
      assertEquals(metadata.finalizers, [`${GROUP}/attached-pods`]);
    }
  }
  const change = (body: object) =>
    admin.patch({ ...networks("TenantNetwork", namespace), name: "a" }, { type: "merge", body }, soon());
  await complaint(change({ spec: { Options: { vlan: vlan + 1 } } }));
  assertStringIncludes(
    await complaint(change({ metadata: { annotations: { [`${GROUP}/vni-owner`]: "vni:tenant:x:1" } } })),
    "(rule T4)",
  );
  assertStringIncludes(
    await complaint(create(admin, network("TenantNetwork", namespace, "b", { NetworkID: "b", Options: { vlan } }))),
    "(rule T1)",
  );
  const flannel = await create(
    admin,
    network("TenantNetwork", namespace, "c", { NetworkID: "own", NetworkType: "flannel" }),
  );
  assertEquals(flannel.spec.NetworkID, "given");
});

Deno.test("200 TenantNetworks made at once get 200 numbers of a range of 200, and the next one none", async () => {
  const namespace = await cluster.createNamespace();
  const device = "storm0";
  await putTenantConfig(admin, "config", {
    ...FULL,
    hostDevices: [...FULL.hostDevices, { name: device, vniType: "vxlan", vniRange: "5001-5100,6001-6100" }],
  });
  const one = (name: string) =>
    network("TenantNetwork", namespace, name, { NetworkID: "a", Options: { host_device: device } });
  const made = await Promise.all(Array.from({ length: 200 }, (_, index) => create(admin, one(`n${index}`))));
  const numbers = new Set(made.map(({ spec }) => spec.Options?.vxlan));
  assertEquals(numbers.size, 200);
  assertStringIncludes(await complaint(create(admin, one("late"))), "no number is free in the TenantConfig");
  assertStringIncludes(
    await complaint(
      putTenantConfig(admin, "config", {
        ...FULL,
        hostDevices: [...FULL.hostDevices, { name: device, vniType: "vxlan", vniRange: "5002-5100,6001-6100" }],
      }),
    ),
    "(rule C7)",
  );
  await eventually("see what is used", async () => {
    const used = await cluster.kubectl("describe", "tenantconfig", "config");
    return used.includes(`${GROUP}/vnis-in-use:`) && used.includes(`${device} vxlan 200/200`) || undefined;
  });
  const freed = made[7]!;
  await admin.delete({ ...networks("TenantNetwork", namespace), name: freed.metadata.name }, soon());
  await eventually("get the number that was freed", async () => {
    const { spec } = await create(admin, one("late"));
    return spec.Options?.vxlan === freed.spec.Options?.vxlan || undefined;
  });
  const left = (await admin.list<Network>(networks("TenantNetwork", namespace), soon())).items;
  await Promise.all(
    left.map(({ metadata: { name } }) => admin.delete({ ...networks("TenantNetwork", namespace), name }, soon())),
  );
  await eventually("see all numbers free", async () => (await held(device)).size === 0 || undefined);
});

Deno.test("a dry run shows a number and reserves none", async () => {
  const namespace = await cluster.createNamespace();
  const before = await held("ens4");
  const shown = await create(admin, network("TenantNetwork", namespace, "a", { NetworkID: "a" }), { dryRun: true });
  assert(!before.has(networkOptions(shown).vlan!));
  assertEquals(await held("ens4"), before);
});

Deno.test("a number that another network names is given to no tenant, and the other way round", async () => {
  const namespace = await cluster.createNamespace();
  const device = "shared0";
  await putTenantConfig(admin, "config", {
    ...FULL,
    hostDevices: [...FULL.hostDevices, { name: device, vniType: "vlan", vniRange: "7-9" }],
  });
  const spec = (vlan: number) => ({ NetworkID: "a", Options: { host_device: device, vlan } });
  await create(admin, network("ClusterNetwork", namespace, `c-${namespace}`, spec(7)));
  await create(admin, network("DanmNet", namespace, "d", spec(7)));
  await create(admin, network("DanmNet", namespace, "e", spec(8)));
  const tenant = await create(
    admin,
    network("TenantNetwork", namespace, "t", { NetworkID: "t", Options: { host_device: device } }),
  );
  assertEquals(tenant.spec.Options?.vlan, 9);
  assertStringIncludes(
    await complaint(create(admin, network("DanmNet", namespace, "f", spec(9)))),
    `TenantNetwork ${namespace}/t (rule 16)`,
  );
  await cluster.kubectl("delete", "tenantnetwork,danmnet", "--all", `--namespace=${namespace}`);
  await cluster.kubectl("delete", "clusternetwork", `c-${namespace}`);
});

Deno.test("a number whose admission is refused later is released, and no other", async () => {
  const namespace = await cluster.createNamespace();
  const onEns4 = { NetworkID: "a", Options: { host_device: "ens4" } };
  const kept = await create(admin, network("TenantNetwork", namespace, "kept", onEns4));
  await kubectl(["apply"], {
    apiVersion: "v1",
    kind: "List",
    items: [{
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "no-refused" },
      spec: {
        matchConstraints: {
          resourceRules: [{
            apiGroups: [GROUP],
            apiVersions: ["v1"],
            operations: ["CREATE"],
            resources: ["tenantnetworks"],
          }],
        },
        validations: [{ expression: "!object.metadata.name.startsWith('refused')", message: "not wanted" }],
      },
    }, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: "no-refused" },
      spec: { policyName: "no-refused", validationActions: ["Deny"] },
    }],
  });
  const refused = network("TenantNetwork", namespace, "refused", onEns4);
  await eventually(
    "see the policy in force",
    async () => (await complaint(create(admin, refused))).includes("not wanted") || undefined,
  );
  const before = await held("ens4");
  await sweepVnis(admin, GROUP, new Set(), soon().signal);
  assertEquals(await held("ens4"), before, "what is young must stay");
  assert(await sweepVnis(admin, GROUP, new Set(), soon().signal, -5000) > 0);
  const owners = (await listAll<Network>(admin, networks("TenantNetwork"), soon()))
    .filter(({ spec }) => spec.Options?.host_device === "ens4")
    .map(({ metadata }) => metadata.annotations?.[`${GROUP}/vni-owner`]).filter((owner) => owner !== undefined);
  assertEquals([...(await held("ens4")).values()].sort(), owners.sort());
  assertEquals((await held("ens4")).get(kept.spec.Options!.vlan!), kept.metadata.annotations?.[`${GROUP}/vni-owner`]);
});

Deno.test("a backup is restored by who may, with its bookkeeping", async () => {
  const namespace = await cluster.createNamespace();
  const tenant = await create(
    admin,
    network("TenantNetwork", namespace, "t", {
      NetworkID: "a",
      NetworkType: "macvlan",
      Options: { host_device: "ens4" },
    }),
  );
  const exported: Network = JSON.parse(
    await cluster.kubectl("get", "tenantnetwork", "t", "--output=json", `--namespace=${namespace}`),
  );
  await cluster.kubectl("delete", "tenantnetwork", "t", `--namespace=${namespace}`);
  const { resourceVersion: _, uid: __, creationTimestamp: ___, ...metadata } = exported.metadata;
  assertStringIncludes(await complaint(create(admin, { ...exported, metadata })), "(rule T1)");
  const annotations = { ...metadata.annotations, [`${GROUP}/restore`]: "true" };
  const marked = { ...exported, metadata: { ...metadata, annotations } };
  const asTenant = ["create", `--as=tenant`, `--namespace=${namespace}`];
  await cluster.kubectl(
    "create",
    "clusterrole",
    `writer-${namespace}`,
    "--verb=create,get",
    `--resource=tenantnetworks.${GROUP}`,
  );
  await cluster.kubectl(
    "create",
    "rolebinding",
    "tenant",
    `--clusterrole=writer-${namespace}`,
    "--user=tenant",
    `--namespace=${namespace}`,
  );
  assertStringIncludes(await complaint(kubectl(asTenant, marked)), "(rule T1)");
  await create(admin, marked);
  const restored = await read("TenantNetwork", namespace, "t");
  assertEquals(restored.spec, tenant.spec);
  const owner = restored.metadata.annotations?.[`${GROUP}/vni-owner`];
  assertEquals((await held("ens4")).get(tenant.spec.Options!.vlan!), owner);
  const twice = { ...marked, metadata: { ...marked.metadata, name: "twice" } };
  assertStringIncludes(await complaint(create(admin, twice)), `belongs to TenantNetwork ${namespace}/t`);
  const old = network("DanmNet", namespace, "old", {
    NetworkID: "a",
    Options: { cidr: "10.0.0.0/24", alloc: "gAAAAQ==" },
  });
  const oldMarked = { ...old, metadata: { ...old.metadata, annotations: { [`${GROUP}/restore`]: "true" } } };
  assertEquals((await create(admin, oldMarked)).spec.Options?.alloc, "gAAAAQ==");
});

Deno.test("what is legal but suspicious is warned of", async () => {
  const namespace = await cluster.createNamespace();
  const Options = { host_device: "ens5", cidr: "10.9.0.0/24" };
  await create(admin, network("DanmNet", namespace, "a", { NetworkID: "a", Options }));
  const run = async (object: object) => {
    const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".json" });
    await Deno.writeTextFile(file, JSON.stringify(object));
    return await complaint(cluster.kubectl("create", "--dry-run=server", "--warnings-as-errors", `--filename=${file}`));
  };
  await eventually(
    "be warned",
    async () =>
      (await run(network("DanmNet", namespace, "b", { NetworkID: "b", Options }))).includes(
        `overlaps that of DanmNet ${namespace}/a`,
      ) || undefined,
  );
  assertStringIncludes(
    await run({ apiVersion: `${GROUP}/v1`, kind: "TenantConfig", metadata: { name: "second" }, ...FULL }),
    "there are 2 TenantConfigs, of which the oldest counts: config",
  );
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Network, type NetworkKind, networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { checkRuleTable } from "./rule_table_check.ts";
import {
  allSettled,
  complaint,
  create,
  GROUP,
  heldNumbers,
  network,
  putTenantConfig,
  settled,
  soon,
} from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const scene = await openWebhookScene();
const { cluster, webhook, admin } = scene;
Deno.test.afterAll(async () => await scene[Symbol.asyncDispose]());

const networks = (kind: NetworkKind, namespace?: string) => ({ ...resourceFor(kind, GROUP), namespace });
const read = (kind: NetworkKind, namespace: string, name: string) =>
  admin.get<Network>({ ...networks(kind, namespace), name }, soon());

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
  const own = network("TenantNetwork", namespace, "a", { Options: { cidr: "10.0.0.0/24" } });
  const made = await create(admin, own);
  const { NetworkID = "" } = made.spec;
  assertEquals([made.spec.Options?.host_device, made.spec.Options?.vlan], ["ens4", undefined]);
  assertEquals(made.metadata.annotations, { [`${GROUP}/waits-for`]: "vlan" });
  assert(NetworkID.length > 0 && NetworkID.length <= 10, NetworkID);
  const { vlan = 0 } = networkOptions(await settled(admin, namespace, "a"));
  assert(vlan >= 100 && vlan <= 299);
  assertEquals((await heldNumbers(admin)).get(`vlan ${vlan} ens4`), made.metadata.uid);
  const routed = {
    ...own,
    spec: { ...own.spec, Options: { ...own.spec.Options, routes: { "0.0.0.0/0": "10.0.0.1" } } },
  };
  for (const verb of [["replace"], ["apply", "--server-side", "--force-conflicts"], ["replace"]]) {
    for (const object of [routed, own]) {
      await kubectl(verb, object);
      const { spec, metadata } = await read("TenantNetwork", namespace, "a");
      assertEquals([spec.Options?.vlan, spec.Options?.host_device, spec.NetworkID], [vlan, "ens4", NetworkID]);
      assertEquals(metadata.finalizers, [`${GROUP}/attached-pods`]);
    }
  }
  const change = (body: object) =>
    admin.patch({ ...networks("TenantNetwork", namespace), name: "a" }, { type: "merge", body }, soon());
  await complaint(change({ spec: { Options: { vlan: vlan + 1 } } }));
  await change({ metadata: { annotations: { [`${GROUP}/waits-for`]: "vlan" } } });
  assertEquals((await read("TenantNetwork", namespace, "a")).metadata.annotations?.[`${GROUP}/waits-for`], undefined);
  assertStringIncludes(
    await complaint(create(admin, network("TenantNetwork", namespace, "b", { NetworkID: "b", Options: { vlan } }))),
    "(rule T1)",
  );
});

Deno.test("a tenant gets the files of its backends that networkIds names, and no other", async () => {
  const namespace = await cluster.createNamespace();
  const one = (name: string, NetworkType: string, NetworkID?: string) =>
    create(admin, network("TenantNetwork", namespace, name, { NetworkType, ...(NetworkID && { NetworkID }) }));
  assertEquals((await one("a", "flannel", "infra")).spec.NetworkID, "given");
  assertStringIncludes(await complaint(one("b", "bridge", "infra")), "(rule T5)");
  assertStringIncludes(await complaint(one("c", "infra")), "(rule T5)");
  const change = (spec: object) =>
    admin.patch({ ...networks("TenantNetwork", namespace), name: "a" }, { type: "merge", body: { spec } }, soon());
  assertStringIncludes(await complaint(change({ NetworkType: "bridge" })), "(rule T5)");
  await change({ NetworkID: "infra" });
  assertEquals((await read("TenantNetwork", namespace, "a")).spec.NetworkID, "given");
  await putTenantConfig(admin, "config", { ...FULL, networkIds: { ...FULL.networkIds, MacVlan: "mv", ipvlan: "iv" } });
  assertEquals((await one("d", "macvlan")).spec.NetworkID, "mv");
  assertEquals((await one("e", "macvlan", "own")).spec.NetworkID, "own");
  assertEquals((await one("f", "ipvlan")).spec.NetworkID, "iv");
  await putTenantConfig(admin, "config", FULL);
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
  await Promise.all(Array.from({ length: 200 }, (_, index) => create(admin, one(`n${index}`))));
  const made = await allSettled(admin, namespace);
  assertEquals(made.length, 200);
  const numbers = new Set(made.map(({ spec }) => spec.Options?.vxlan));
  assertEquals(numbers.size, 200);
  assert(!numbers.has(undefined));
  const held = await heldNumbers(admin);
  for (const { metadata, spec } of made) assertEquals(held.get(`vxlan ${spec.Options?.vxlan}`), metadata.uid);
  assertStringIncludes(
    await eventually("have the next one refused", async () => {
      const refusal = await create(admin, one("late"), { dryRun: true }).then(() => undefined, String);
      return refusal;
    }),
    "no number is free in the TenantConfig",
  );
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
  await eventually("make another one", () => create(admin, one("late")).catch(() => undefined));
  assertEquals((await settled(admin, namespace, "late")).spec.Options?.vxlan, freed.spec.Options?.vxlan);
  await cluster.kubectl("delete", "tenantnetwork", "--all", `--namespace=${namespace}`);
  await eventually("see all numbers free", async () => {
    return ![...(await heldNumbers(admin)).keys()].some((key) => key.startsWith("vxlan")) || undefined;
  });
});

Deno.test("a dry run shows a number, and neither it nor a request that is refused or forged takes one", async () => {
  const namespace = await cluster.createNamespace();
  const before = await heldNumbers(admin);
  const shown = await create(admin, network("TenantNetwork", namespace, "a", { NetworkID: "a" }), { dryRun: true });
  assert(!before.has(`vlan ${networkOptions(shown).vlan} ens4`));
  assertEquals(shown.metadata.annotations, undefined);
  await kubectl(["create"], {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "none", namespace },
    spec: { hard: { [`count/tenantnetworks.${GROUP}`]: "0" } },
  });
  const object = network("TenantNetwork", namespace, "forged", { NetworkID: "a" });
  using client = Deno.createHttpClient({ caCerts: [await authorities()] });
  for (let request = 0; request < 30; request++) {
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: request % 2 === 0 ? "a:b" : crypto.randomUUID(),
        kind: { group: GROUP, version: "v1", kind: "TenantNetwork" },
        operation: "CREATE",
        name: "forged",
        namespace,
        userInfo: { username: "anybody" },
        object,
      },
    });
    const answer = await fetch(`https://127.0.0.1:${webhook.port}/mutate`, { method: "POST", body, client });
    assertEquals((await answer.json()).response.allowed, true);
  }
  assertEquals(await heldNumbers(admin), before);
});

/** Whom the API server trusts to be the webhook. */
async function authorities(): Promise<string> {
  const args = ["get", "mutatingwebhookconfiguration", `webhook.${GROUP}`];
  return atob(await cluster.kubectl(...args, "--output=jsonpath={.webhooks[0].clientConfig.caBundle}"));
}

Deno.test("a VLAN is unique on its device, a VXLAN everywhere", async () => {
  const namespace = await cluster.createNamespace();
  const [one, other] = ["uni0", "uni1"];
  const profiles = [one, other].flatMap((name) => [
    { name, vniType: "vlan", vniRange: "700-701" } as const,
    { name, vniType: "vxlan", vniRange: "700-710" } as const,
  ]);
  const only = (vniType: string) => ({
    ...FULL,
    hostDevices: [...FULL.hostDevices, ...profiles.filter((profile) => profile.vniType === vniType)],
  });
  const on = async (name: string, host_device: string) => {
    await create(admin, network("TenantNetwork", namespace, name, { Options: { host_device } }));
    return networkOptions(await settled(admin, namespace, name));
  };
  await putTenantConfig(admin, "config", only("vxlan"));
  assertEquals([(await on("a", one)).vxlan, (await on("b", other)).vxlan], [700, 701]);
  await create(
    admin,
    network("DanmNet", namespace, "named", { NetworkID: "n", Options: { host_device: "uni9", vxlan: 702 } }),
  );
  assertEquals((await on("c", one)).vxlan, 703);
  const named = (kind: NetworkKind, name: string, host_device: string, vxlan: number) =>
    create(
      admin,
      network(kind, namespace, `${name}-${namespace}`, { NetworkID: "n", Options: { host_device, vxlan } }),
    );
  assertStringIncludes(
    await complaint(named("ClusterNetwork", "x", "uni9", 700)),
    `TenantNetwork ${namespace}/a (rule 16)`,
  );
  assertStringIncludes(await complaint(named("ClusterNetwork", "x", "uni8", 702)), `DanmNet ${namespace}/named has it`);
  await named("ClusterNetwork", "x", "uni9", 702);
  await cluster.kubectl("delete", "tenantnetwork,danmnet", "--all", `--namespace=${namespace}`);
  await cluster.kubectl("delete", "clusternetwork", `x-${namespace}`);
  await putTenantConfig(admin, "config", only("vlan"));
  assertEquals([(await on("d", one)).vlan, (await on("e", other)).vlan, (await on("f", one)).vlan], [700, 700, 701]);
  await cluster.kubectl("delete", "tenantnetwork", "--all", `--namespace=${namespace}`);
  await putTenantConfig(admin, "config", FULL);
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
  await create(admin, network("TenantNetwork", namespace, "t", { NetworkID: "t", Options: { host_device: device } }));
  assertEquals((await settled(admin, namespace, "t")).spec.Options?.vlan, 9);
  assertStringIncludes(
    await complaint(create(admin, network("DanmNet", namespace, "f", spec(9)))),
    `TenantNetwork ${namespace}/t (rule 16)`,
  );
  await cluster.kubectl("delete", "tenantnetwork,danmnet", "--all", `--namespace=${namespace}`);
  await cluster.kubectl("delete", "clusternetwork", `c-${namespace}`);
});

Deno.test("a backup is restored by who may, with its bookkeeping", async () => {
  const namespace = await cluster.createNamespace();
  await create(
    admin,
    network("TenantNetwork", namespace, "t", {
      NetworkID: "a",
      NetworkType: "macvlan",
      Options: { host_device: "ens4" },
    }),
  );
  const tenant = await settled(admin, namespace, "t");
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
  await eventually("see its number held for it", async () => {
    const owner = (await heldNumbers(admin)).get(`vlan ${tenant.spec.Options?.vlan} ens4`);
    return owner === restored.metadata.uid || undefined;
  });
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

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { AddressBlock } from "../api/address_block.ts";
import { type Network, type NetworkKind, networkOptions, type NetworkSpec } from "../api/network.ts";
import { resourceFor } from "../api/resource.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { heldVnis, vniKey } from "../admit/vni_block.ts";
import type { Notice } from "../controller/teller.ts";
import { createVniStore } from "../kube/blocks/vni_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { KubeError } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import { installCrds } from "../../tests/crds/install_sets.ts";
import { giveVnis } from "./give_vnis.ts";

const GROUP = "danm.k8s.io";
const WAITS = `${GROUP}/waits-for`;
const OWNER = `${GROUP}/vni-owner`;
const soon = () => ({ signal: AbortSignal.timeout(30_000) });

const cluster = await sharedCluster();
const client = cluster.client();
await installCrds(cluster, GROUP, "lightweight", "production");
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

/** A part of the cluster of its own: a namespace, and a device that no other test uses. */
async function openScene(profile: Partial<HostDevice> = {}) {
  const namespace = await cluster.createNamespace();
  const device = `d${crypto.randomUUID().slice(0, 8)}`;
  let profiles: HostDevice[] = [{ name: device, vniType: "vlan", vniRange: "5-7", ...profile }];
  const store = createVniStore(client, GROUP);
  const told: Notice[] = [];
  const uids = new Set<string>();
  const latest = async (kind: NetworkKind) => {
    const items = await listAll<Network>(client, { ...resourceFor(kind, GROUP) }, soon());
    return items.map((item) => ({ ...item, kind }) as Network).filter(({ metadata }) => uids.has(metadata.uid!));
  };
  const config = (): TenantConfig => (
    { apiVersion: `${GROUP}/v1`, kind: "TenantConfig", metadata: { name: "config" }, hostDevices: profiles }
  );
  let beforeLook = (_look: number) => Promise.resolve();
  let looks = 0;
  const scene = {
    namespace,
    device,
    told,
    /** Takes a VLAN of the device for `owner`. */
    hold: (vni: number, owner: string) =>
      store.take([{ segment: { device, type: "vlan", vni }, owner }], AbortSignal.timeout(30_000)),
    offer: (...others: HostDevice[]) => void (profiles = others),
    /** Does `work` before the networks are read for the nth time. */
    beforeLook: (work: (look: number) => Promise<void>) => void (beforeLook = work),
    async create(kind: NetworkKind, name: string, spec: NetworkSpec, annotations: Record<string, string> = {}) {
      const where = kind === "ClusterNetwork" ? {} : { namespace };
      const metadata = { name: kind === "ClusterNetwork" ? `${name}-${namespace}` : name, ...where, annotations };
      const object = { apiVersion: `${GROUP}/v1`, kind, metadata, spec: { NetworkID: "a", ...spec } };
      const made = await client.create<Network>({ ...resourceFor(kind, GROUP), ...where }, object, soon());
      uids.add(made.metadata.uid!);
      return made;
    },
    async waiting(name: string) {
      return await scene.create("TenantNetwork", name, { Options: { host_device: device } }, { [WAITS]: "vlan" });
    },
    read: (name: string) => client.get<Network>({ ...resourceFor("TenantNetwork", GROUP), namespace, name }, soon()),
    /** Who holds which numbers of the device, or which VXLANs. */
    async held() {
      const all = heldVnis(await listAll<AddressBlock>(client, resourceFor("AddressBlock", GROUP), soon()));
      const own = all.filter((one) => one.device === device || one.owner !== "" && uids.has(one.owner));
      return Object.fromEntries(own.map((one) => [vniKey(one).replace(` ${device}`, ""), one.owner]));
    },
    give: (kube: KubeClient = client) =>
      giveVnis({
        kube,
        store: ownStore,
        group: GROUP,
        surroundings: {
          async latestNetworks() {
            await beforeLook(++looks);
            const kinds = ["DanmNet", "TenantNetwork", "ClusterNetwork"] as const;
            return (await Promise.all(kinds.map(latest))).flat();
          },
          knownTenants: () => new Set(),
          tenantConfigs: () => Promise.resolve([config()]),
        },
        given: () => {},
        tell: (notices) => void told.splice(0, told.length, ...notices),
      }, AbortSignal.timeout(30_000)),
  };
  // Other tests' numbers are none of this one's business.
  const ownStore = {
    ...store,
    list: async (signal: AbortSignal) =>
      (await store.list(signal)).filter(({ spec }) => spec.device === device || spec.vniType === "vxlan").map(
        (block) => {
          const own = Object.entries(block.spec.allocations ?? {}).filter(([, owner]) =>
            block.spec.device || uids.has(owner)
          );
          return { ...block, spec: { ...block.spec, allocations: Object.fromEntries(own) } };
        },
      ),
  };
  return scene;
}

Deno.test("giveVnis() writes each waiting network its number, held for its UID", async () => {
  const { waiting, give, read, held } = await openScene();
  const [a, b] = [await waiting("a"), await waiting("b")];
  await give();
  const now = [await read("a"), await read("b")];
  const numbers = now.map((network) => networkOptions(network).vlan);
  assertEquals(numbers.toSorted(), [5, 6]); // of networks of one second either may be the first
  assertEquals(now.map(({ metadata }) => metadata.annotations ?? {}), [{}, {}]);
  assertEquals(await held(), { [`vlan ${numbers[0]}`]: a.metadata.uid, [`vlan ${numbers[1]}`]: b.metadata.uid });
});

Deno.test("giveVnis() goes on where a replica was killed between taking a number and writing it", async () => {
  const { waiting, give, read, hold } = await openScene();
  const { metadata } = await waiting("a");
  await hold(7, metadata.uid!);
  await give();
  assertEquals(networkOptions(await read("a")).vlan, 7);
});

Deno.test("giveVnis() releases the number of a network when it is really gone", async () => {
  const { waiting, give, held, namespace } = await openScene();
  await waiting("a");
  await give();
  await client.delete({ ...resourceFor("TenantNetwork", GROUP), namespace, name: "a" }, soon());
  await give();
  assertEquals(await held(), {});
});

Deno.test("giveVnis() gives no number that another network gets while it is being given", async () => {
  const { waiting, give, read, held, create, beforeLook, device } = await openScene();
  const { metadata } = await waiting("a");
  // The first look is for the plan, the second one comes when the number is held.
  beforeLook(async (look) => {
    if (look === 2) await create("ClusterNetwork", "c", { Options: { host_device: device, vlan: 5 } });
  });
  await give();
  assertEquals(networkOptions(await read("a")).vlan, 6);
  assertEquals(await held(), { "vlan 6": metadata.uid });
});

Deno.test("giveVnis() gives no number whose range is withdrawn meanwhile, and says that there is none", async () => {
  const { waiting, give, read, held, offer, told, beforeLook, device } = await openScene();
  await waiting("a");
  beforeLook((look) =>
    Promise.resolve(look === 2 ? offer({ name: device, vniType: "vlan", vniRange: "9" }) : undefined)
  );
  await give();
  assertEquals(networkOptions(await read("a")).vlan, 9);
  const { metadata } = await waiting("b");
  await give();
  assertEquals(Object.keys(await held()), ["vlan 9"]);
  assertEquals(told.map(({ subject }) => subject.metadata.uid), [metadata.uid]);
  assertStringIncludes(told[0]!.content.note, `waits for a vlan number of ${device}, and none is free`);
});

Deno.test("giveVnis() takes over what was held for requests, and leaves no trace of it", async () => {
  const { create, give, read, held, hold, device } = await openScene();
  const owner = `vni:tenant:705ab4f5:${Math.floor(Date.now() / 1000)}`;
  const { metadata } = await create("TenantNetwork", "a", { Options: { host_device: device, vlan: 5 } }, {
    [OWNER]: owner,
  });
  await hold(5, owner);
  await hold(6, "vni:tenant:a:b:1");
  await give();
  assertEquals(await held(), { "vlan 5": metadata.uid });
  assertEquals((await read("a")).metadata.annotations, undefined);
});

Deno.test("giveVnis() tells of networks that a tenant made before the webhook was there", async () => {
  const { create, give, told, device } = await openScene();
  await create("TenantNetwork", "device", { Options: { host_device: "eno1" } });
  await create("TenantNetwork", "number", { Options: { host_device: device, vlan: 99 } });
  await create("TenantNetwork", "file", { NetworkType: "bridge", NetworkID: "infra" });
  await create("TenantNetwork", "good", { Options: { host_device: device, vlan: 5 } });
  await give();
  const notes = new Map(told.map(({ subject, content }) => [subject.metadata.name, content.note]));
  assertEquals([...notes.keys()].sort(), ["device", "file", "number"]);
  assertStringIncludes(notes.get("device")!, "breaks rule T3");
  assertStringIncludes(notes.get("file")!, "breaks rule T5");
  assertStringIncludes(notes.get("number")!, "which the TenantConfig offers to no tenant");
});

Deno.test("giveVnis() tells why a network does not take its number, gives to the others, and is to be called again", async () => {
  const { create, waiting, give, told, read, device } = await openScene({ vniRange: "1000-1001" });
  const long = { NetworkID: "abcdefghijk", Options: { host_device: device } };
  await create("TenantNetwork", "long", long, { [WAITS]: "vlan" });
  await waiting("a");
  await assertRejects(() => give(), KubeError);
  assertEquals(told.map(({ subject }) => subject.metadata.name), ["long"]);
  assertStringIncludes(told[0]!.content.note, "does not take vlan 100");
  assertStringIncludes(told[0]!.content.note, "the link name NetworkID.vlan has at most 15 characters");
  assertEquals(awaitedVni((await read("a")).metadata), undefined);
});

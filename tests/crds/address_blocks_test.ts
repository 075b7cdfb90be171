import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { AddressBlock, AddressBlockSpec } from "../../lib/api/address_block.ts";
import { API_GROUPS, type ApiGroup, apiVersionOf, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { isInvalid, KubeError } from "../../lib/kube/client/kube_error.ts";
import type { Patch } from "../../lib/kube/client/patch.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { installCrds } from "./install_sets.ts";

const cluster = await sharedCluster();

const ADDRESSES = {
  network: { kind: "DanmNet", namespace: "default", name: "a", uid: "2f84ac6f-80d2-485a-aa2f-c1813af9f26c" },
  family: "IPv4",
  base: "10.0.0.16",
  size: 16,
} as const satisfies AddressBlockSpec;
const VNIS = { device: "ens4", vniType: "vlan", base: "256", size: 256 } as const satisfies AddressBlockSpec;

/** A new block with `spec` in the cluster, for one test. */
interface StoredBlock extends AsyncDisposable {
  read(): Promise<AddressBlock>;
  patch(patch: Patch): Promise<AddressBlock>;
  take(offset: number, owner: string): Promise<AddressBlock>;
}

async function storeBlock(client: KubeClient, group: ApiGroup, spec: AddressBlockSpec): Promise<StoredBlock> {
  const ref = { ...resourceFor("AddressBlock", group), name: `test-${crypto.randomUUID()}` };
  const options = () => ({ signal: AbortSignal.timeout(30_000) });
  await client.create(ref, block(group, ref.name, spec), options());
  const patch = (patch: Patch) => client.patch<AddressBlock>(ref, patch, options());
  return {
    read: () => client.get<AddressBlock>(ref, options()),
    patch,
    take: (offset, owner) => patch({ type: "merge", body: { spec: { allocations: { [offset]: owner } } } }),
    [Symbol.asyncDispose]: () => client.delete(ref, options()),
  };
}

function block(group: ApiGroup, name: string, spec: object) {
  return { apiVersion: apiVersionOf(group), kind: "AddressBlock", metadata: { name }, spec };
}

/** Runs `check` in a cluster with the CRDs, under each group. */
async function underEachGroup(
  t: Deno.TestContext,
  check: (client: KubeClient, group: ApiGroup) => Promise<void>,
): Promise<void> {
  using client = cluster.client();
  for (const group of API_GROUPS) {
    await t.step(group, async () => {
      await installCrds(cluster, group, "lightweight");
      await check(client, group);
    });
  }
}

Deno.test("AddressBlock refuses a second owner of a taken number, and only that", async (t) => {
  await underEachGroup(t, async (client, group) => {
    await using stored = await storeBlock(client, group, ADDRESSES);
    await stored.take(3, "first");
    const error = await assertRejects(() => stored.take(3, "second"), KubeError);
    assert(isInvalid(error));
    assertStringIncludes(error.message, "spec.allocations[3]");
    assertStringIncludes(error.message, "is taken by first, must be released before second can take it");
    await stored.take(3, "first"); // a repeated attempt of the owner itself
    await stored.take(4, "second");
    assertEquals((await stored.read()).spec.allocations, { "3": "first", "4": "second" });
  });
});

Deno.test("AddressBlock lets only the owner release, once", async (t) => {
  await underEachGroup(t, async (client, group) => {
    await using stored = await storeBlock(client, group, ADDRESSES);
    await stored.take(3, "first");
    const release = (owner: string): Patch => ({
      type: "json",
      operations: [
        { op: "test", path: "/spec/allocations/3", value: owner },
        { op: "remove", path: "/spec/allocations/3" },
      ],
    });
    assert(isInvalid(await assertRejects(() => stored.patch(release("second")), KubeError)));
    await stored.patch(release("first"));
    assert(isInvalid(await assertRejects(() => stored.patch(release("first")), KubeError)));
    await stored.patch({ type: "merge", body: { spec: { released: { "3": new Date().toISOString() } } } });
    await stored.take(3, "second");
    assertEquals((await stored.read()).spec.allocations, { "3": "second" });
  });
});

Deno.test("AddressBlock takes the patches of 32 writers to different numbers, and one of 32 to the same", async (t) => {
  await underEachGroup(t, async (client, group) => {
    await using stored = await storeBlock(client, group, { ...ADDRESSES, base: "10.0.0.0", size: 64 });
    const writers = Array.from({ length: 32 }, (_, writer) => writer);
    await Promise.all(writers.map((writer) => stored.take(writer, `owner-${writer}`)));
    const outcomes = await Promise.allSettled(writers.map((writer) => stored.take(63, `owner-${writer}`)));
    assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const outcome of outcomes) assert(outcome.status === "fulfilled" || isInvalid(outcome.reason));

    const { allocations = {} } = (await stored.read()).spec;
    const { "63": winner, ...others } = allocations;
    assertEquals(others, Object.fromEntries(writers.map((writer) => [writer, `owner-${writer}`])));
    assertEquals(outcomes[Number(winner?.slice("owner-".length))]?.status, "fulfilled");
  });
});

Deno.test("AddressBlock keeps what it is", async (t) => {
  await underEachGroup(t, async (client, group) => {
    await using addresses = await storeBlock(client, group, ADDRESSES);
    await using vnis = await storeBlock(client, group, VNIS);
    const changes: readonly (readonly [StoredBlock, object, string])[] = [
      [addresses, { base: "10.0.0.32" }, 'spec.base: Invalid value: "10.0.0.32": cannot be changed'],
      [addresses, { size: 8 }, "spec.size: Invalid value: 8: cannot be changed"],
      [addresses, { family: "IPv6", base: "2001:db8::" }, 'spec.family: Invalid value: "IPv6": cannot be changed'],
      [addresses, { network: { uid: "another" } }, "cannot be changed"],
      [addresses, { network: null, family: null, device: "ens4", vniType: "vlan", base: "16" }, "addresses to VNIs"],
      [vnis, { device: "ens5" }, 'spec.device: Invalid value: "ens5": cannot be changed'],
      [vnis, { vniType: "vxlan" }, 'spec.vniType: Invalid value: "vxlan": cannot be changed'],
    ];
    for (const [stored, spec, message] of changes) {
      const error = await assertRejects(() => stored.patch({ type: "merge", body: { spec } }), KubeError, message);
      assert(isInvalid(error));
    }
  });
});

const OUTSIDE = "every key of allocations and released must be a decimal number below size";

Deno.test("AddressBlock is checked when it is made", async (t) => {
  const { network: _, ...withoutNetwork } = ADDRESSES;
  const { device: __, ...withoutDevice } = VNIS;
  const VXLANS = { ...withoutDevice, vniType: "vxlan" } as const;
  const accepted: readonly AddressBlockSpec[] = [
    ADDRESSES,
    { ...ADDRESSES, family: "IPv6", base: "2001:db8::", size: 256, allocations: { "0": "a", "255": "b" } },
    { ...ADDRESSES, released: { "15": "2026-11-21T01:38:36.123Z" } },
    VNIS,
    { ...VNIS, base: "3840", allocations: { "254": "a" } },
    { ...VNIS, vniType: "vxlan", base: "16776960" },
    { ...VXLANS, base: "16776960" },
    { ...ADDRESSES, allocations: { "1": "x".repeat(200) } },
  ];
  const refused: readonly (readonly [object, string])[] = [
    [withoutNetwork, "must have either network and family, or device and vniType"],
    [{ ...ADDRESSES, ...VNIS }, "must have either network and family, or device and vniType"],
    [{ ...VXLANS, vniType: "vlan" }, "must have either network and family, or device and vniType"],
    [{ ...ADDRESSES, device: "ens4" }, "must have either network and family, or device and vniType"],
    [{ base: "1", size: 1 }, "must have either network and family, or device and vniType"],
    [{ ...ADDRESSES, base: "2001:db8::" }, "spec.base: Invalid value: is 2001:db8::, must be an address of the family"],
    [{ ...ADDRESSES, base: "256" }, "is 256, must be an address of the family"],
    [{ ...VNIS, base: "10.0.0.0" }, "is 10.0.0.0, must be a number that leaves room for size"],
    [{ ...VNIS, base: "0256" }, "is 0256, must be a number that leaves room for size"],
    [{ ...VNIS, base: "3841" }, "is 3841, must be a number that leaves room for size"],
    [{ ...ADDRESSES, size: 0 }, "spec.size"],
    [{ ...ADDRESSES, size: 257 }, "spec.size"],
    [{ ...ADDRESSES, allocations: { "16": "a" } }, OUTSIDE],
    [{ ...ADDRESSES, allocations: { "-0": "a" } }, OUTSIDE],
    [{ ...ADDRESSES, allocations: { "+3": "a" } }, OUTSIDE],
    [{ ...ADDRESSES, allocations: { "03": "a" } }, OUTSIDE],
    [{ ...ADDRESSES, allocations: { "a": "a" } }, OUTSIDE],
    [{ ...ADDRESSES, allocations: { "1": "" } }, "spec.allocations.1"],
    [{ ...ADDRESSES, allocations: { "1": "x".repeat(201) } }, "spec.allocations.1: Too long"],
    [{ ...ADDRESSES, released: { "16": "2026-11-21T01:38:36Z" } }, OUTSIDE],
    [{ ...ADDRESSES, released: { "1": "yesterday" } }, "spec.released.1"],
  ];
  await underEachGroup(t, async (client, group) => {
    const create = (spec: object) =>
      client.create(resourceFor("AddressBlock", group), block(group, "test-form", spec), {
        signal: AbortSignal.timeout(10_000),
        dryRun: true,
      });
    for (const spec of accepted) await create(spec);
    for (const [spec, message] of refused) {
      assert(isInvalid(await assertRejects(() => create(spec), KubeError, message)));
    }
  });
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { AddressBlock } from "../../lib/api/address_block.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { createNetwork, GROUP, openScene, soon, startCleaner, startCleanerCluster } from "./cleaner_scene.ts";

const cluster = await startCleanerCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

Deno.test("cleaner frees all kinds of addresses of a Pod that is gone, and none of a Pod that is there", async () => {
  using scene = await openScene(cluster);
  await using cleaner = await startCleaner(cluster);
  const [gone, alive] = [await scene.createPod(), await scene.createPod()];
  const wishes = [
    { ip: "10.1.7.7", ip6: "2001:db8::7:7" }, // first: later it may be somebody's dynamic one
    { ip: "dynamic" },
    { ip6: "dynamic" },
    { ip: "dynamic", ip6: "dynamic" },
    { ip: "dynamic", recorded: false },
    {},
  ];
  const kept: string[] = [];
  for (const [index, wish] of wishes.entries()) {
    await scene.attach(gone, { ...wish, index });
    if (wish.recorded === false || index === 5) continue;
    const { ip, ip6 } = wish;
    const other = { ...(ip && { ip: ip.replace("7.7", "8.8") }), ...(ip6 && { ip6: ip6.replace("7:7", "8:8") }) };
    kept.push(await scene.attach(alive, { ...other, index }));
  }
  await scene.outlast();
  assertEquals((await scene.owners()).length, 7 + 6, "nothing goes while its Pod is there");

  await scene.deletePod(gone);
  await scene.holds(...kept);
  assertEquals((await scene.owners()).length, 6);
  assertEquals(await cleaner.process.metric('danm_cleaner_removed_total{what="address"}'), 8);
  assertEquals(await cleaner.process.metric('danm_cleaner_removed_total{what="endpoint"}'), 6);
  const line = cleaner.process.log.find(({ address }) => address === "10.1.7.7");
  assertEquals([line?.message, line?.why], ["removed address", `Pod ${gone.uid} is gone`]);
  const events = { group: "events.k8s.io", version: "v1", plural: "events", namespace: scene.namespace };
  const notes = await eventually("see the Event", async () => {
    const { items } = await scene.admin.list<{ reason: string; note: string; regarding: { uid: string } }>(
      events,
      soon(),
    );
    const own = items.filter(({ regarding }) => regarding.uid === scene.network.metadata.uid);
    const all = own.filter(({ reason }) => reason === "LeftoversRemoved").map(({ note }) => note).join("\n");
    return all.includes("10.1.7.7") ? all : undefined;
  });
  assertStringIncludes(notes, "deleted 5 DanmEps of a Pod that is gone");
});

Deno.test("cleaner takes a Pod that was made again under its name for another one", async () => {
  using scene = await openScene(cluster);
  await using _cleaner = await startCleaner(cluster);
  const first = await scene.createPod("web-0");
  await scene.attach(first, { ip: "10.1.0.10", containerId: "first" });
  await scene.deletePod(first);
  const second = await scene.createPod("web-0");
  const owner = await scene.attach(second, { ip: "10.1.0.11", containerId: "second" });
  await scene.holds(owner);
});

Deno.test("cleaner keeps what a static Pod has when its copy in the API is replaced, and frees it when that is gone", async () => {
  using scene = await openScene(cluster);
  await using _cleaner = await startCleaner(cluster);
  const uid = crypto.randomUUID().replaceAll("-", ""); // as kubelet makes them
  const pod = await scene.createMirrorPod("proxy-node-1", uid);
  const owners = [
    await scene.attach(pod, { ip: "10.1.0.10", ip6: "2001:db8::10" }),
    await scene.attach(pod, { ip: "dynamic", index: 1, recorded: false }),
  ].sort();
  await scene.outlast();
  await scene.deletePod(pod);
  await scene.createMirrorPod("proxy-node-1", uid);
  await scene.outlast();
  assertEquals([...new Set(await scene.owners())], owners);
  assertEquals((await scene.recorded()).length, 1);

  await scene.deletePod(pod);
  await scene.holds();
});

Deno.test("cleaner keeps what belongs to a living Pod, whatever its container or its record", async () => {
  using scene = await openScene(cluster);
  await using _cleaner = await startCleaner(cluster);
  const pod = await scene.createPod();
  const owners = [
    await scene.attach(pod, { ip: "dynamic", containerId: "replaced", recorded: false }),
    await scene.attach(pod, { ip: "dynamic", containerId: "current", recorded: false }),
  ];
  await scene.outlast();
  assertEquals(await scene.owners(), owners.sort());
});

Deno.test("cleaner leaves alone what it cannot read, and says so once", async () => {
  using scene = await openScene(cluster);
  await using cleaner = await startCleaner(cluster);
  const pod = await scene.createPod();
  await scene.attach(pod);
  const [block] = await scene.blocks();
  const ref = { ...resourceFor("AddressBlock", GROUP), name: block!.metadata.name };
  const strange = { "3": "somebody", "4": "imported by hand" };
  await scene.admin.patch(ref, { type: "merge", body: { spec: { allocations: strange } } }, soon());
  await scene.deletePod(pod);
  await eventually("see the rest freed", async () => (await scene.owners()).length === 2 || undefined);
  await scene.outlast();
  assertEquals(await scene.owners(), ["imported by hand", "somebody"]);
  const complaints = cleaner.process.log.filter(({ message }) => message === "cannot tell whose it is: left alone");
  assertEquals(complaints.map(({ object, count }) => [object, count]), [[`AddressBlock ${ref.name}`, 2]]);
  assertEquals(await cleaner.process.metric("danm_cleaner_unreadable"), 2);
});

Deno.test("cleaner deletes the blocks of a network that is gone, not those of another one of its name", async () => {
  using scene = await openScene(cluster);
  await using cleaner = await startCleaner(cluster);
  const pod = await scene.createPod();
  const owner = await scene.attach(pod, { ip: "dynamic", ip6: "dynamic" });
  const networks = { ...resourceFor("DanmNet", GROUP), namespace: scene.namespace };
  await scene.admin.delete({ ...networks, name: "a" }, soon());
  const again = await createNetwork(scene.admin, scene.namespace, "a");
  await scene.outlast(again);
  assertEquals(await scene.owners(), [owner, owner], "while a Pod holds addresses of the old one");
  await scene.deletePod(pod);
  await eventually("see the blocks deleted", async () => (await scene.blocks()).length === 0 || undefined);
  await scene.outlast(again);
  const blocks = await scene.admin.list<AddressBlock>(resourceFor("AddressBlock", GROUP), soon());
  assert(blocks.items.some(({ spec }) => spec.network?.uid === again.metadata.uid));
  assert((await cleaner.process.metric('danm_cleaner_removed_total{what="block"}'))! >= 2);
});

/** What a Pod's earlier sandbox holds when its node lost power and nobody ever calls DEL for it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { resourceFor } from "../../lib/api/resource.ts";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { parseOwner } from "../../lib/ipam/owner.ts";
import { openJournal } from "../../lib/host/journal/attachment_journal.ts";
import { listJournals } from "../../lib/host/journal/list_journals.ts";
import type { AttachmentEntry } from "../../lib/plugin/attachment_entry.ts";
import { createNamespace } from "../netns.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

/** Another sandbox of the same Pod, in a namespace of its own unless one is given. */
async function nextSandbox(
  { sandbox }: TestContainer,
  netns?: TestContainer["netns"],
): Promise<TestContainer> {
  const own = netns ?? await createNamespace();
  const containerId = `${sandbox.containerId}-next`;
  return {
    sandbox: { ...sandbox, containerId, netns: own.path },
    netns: own,
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

/** What a power cut does to a container; the state folder is on a disk. */
async function losePower(...containers: readonly TestContainer[]): Promise<void> {
  for (const { netns } of containers) await netns[Symbol.asyncDispose]();
}

async function loseJournals({ runtime }: TestNode): Promise<void> {
  await Deno.remove(`${runtime.stateDir}/attachments`, { recursive: true });
}

/** Has journals tell of the namespace at `path`: after a reboot the kernel begins to number them anew. */
async function giveNumberOf(path: string, { runtime: { stateDir } }: TestNode): Promise<void> {
  const { dev, ino } = await Deno.stat(path);
  const signal = AbortSignal.timeout(10_000);
  for (const name of await listJournals(stateDir)) {
    let entries: readonly AttachmentEntry[];
    {
      await using before = await openJournal<AttachmentEntry>(stateDir, name, signal);
      entries = before.read();
      await before.remove();
    }
    await using after = await openJournal<AttachmentEntry>(stateDir, name, signal);
    const changed = entries.map((entry) => "netnsId" in entry ? { ...entry, netnsId: `${dev}:${ino}` } : entry);
    await after.append(changed, { durable: false });
  }
}

const STATIC = { network: "a", ip: "10.1.0.20", ip6: "2001:db8:1::20" };

for (const [how, prepare] of [["", undefined], [", by the DanmEps alone", loseJournals]] as const) {
  danmTest(`gives a Pod its static addresses again after its sandbox vanished${how}`, async (node) => {
    await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" });
    await using first = await node.createContainer([STATIC, { network: "a", ip: "dynamic" }]);
    await node.attach(first);
    await losePower(first);
    await prepare?.(node);
    await using next = await nextSandbox(first);
    const { ips } = await node.attach(next);
    assertEquals(ips.slice(0, 2).map(({ address }) => address), ["10.1.0.20/24", "2001:db8:1::20/64"]);
    assertEquals(await node.leftovers(first), []);
    await node.detach(next);
  });

  danmTest(`leaves what is at the path of a sandbox that vanished to the next one${how}`, async (node) => {
    await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" });
    await using first = await node.createContainer([STATIC]);
    await node.attach(first);
    const { path } = first.netns;
    await losePower(first);
    await prepare?.(node);
    await using other = await createNamespace();
    await Deno.writeTextFile(path, "");
    await other.run("mount", "--bind", "/proc/self/ns/net", path);
    try {
      await giveNumberOf(path, node);
      const next = await nextSandbox(first, { ...other, path });
      await node.attach(next);
      assertStringIncludes(await other.ip("address", "show", "eth0"), "10.1.0.20/24");
      await node.detach(next);
    } finally {
      await other.run("umount", path);
      await Deno.remove(path);
    }
  });

  danmTest(`gives six Pods on a /29 its six addresses again, all at once${how}`, async (node) => {
    await node.createNetwork("a", { cidr: "10.1.0.0/29" });
    await using stack = new AsyncDisposableStack();
    const before: TestContainer[] = [];
    for (let pod = 0; pod < 6; pod++) {
      before.push(stack.use(await node.createContainer([{ network: "a", ip: "dynamic" }])));
    }
    for (const container of before) await node.attach(container);
    await losePower(...before);
    await prepare?.(node);
    const after: TestContainer[] = [];
    for (const container of before) after.push(stack.use(await nextSandbox(container)));
    const results = await Promise.all(after.map((container) => node.attach(container)));
    assertEquals(
      results.map(({ ips }) => ips[0]!.address).sort(),
      ["1", "2", "3", "4", "5", "6"].map((host) => `10.1.0.${host}/29`),
    );
    for (const container of after) await node.detach(container);
  });
}

danmTest(
  "keeps a sandbox whose namespace exists, and those of other nodes, whatever another one needs",
  async (node) => {
    await node.createNetwork("a", { cidr: "10.1.0.0/24" });
    await using living = await node.createContainer([{ network: "a", ip: "10.1.0.20" }]);
    await node.attach(living);
    await using next = await nextSandbox(living);
    const message = await node.attachFails(next);
    const { namespace, name } = living.sandbox.pod;
    assertStringIncludes(message, `taken by Pod ${namespace}/${name} (UID`);
    await node.check(living);

    await loseJournals(node);
    await losePower(living);
    const endpoints = resourceFor("DanmEp", "danm.k8s.io");
    const { items } = await node.client.list<DanmEp>({ ...endpoints, namespace }, {
      signal: AbortSignal.timeout(9_000),
    });
    const ref = { ...endpoints, namespace, name: items[0]!.metadata.name };
    const moveTo = (Host: string) =>
      node.client.patch(ref, { type: "merge", body: { spec: { Host } } }, { signal: AbortSignal.timeout(9_000) });
    await moveTo("another-node");
    assertStringIncludes(await node.attachFails(next), "taken by Pod");
    await moveTo(node.name);
    await node.attach(next);
    await node.detach(next);
  },
);

danmTest("keeps what a record of the original says too little of, whatever another one needs", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/30" });
  const any = [{ network: "a", ip: "dynamic" }];
  await using gone = await node.createContainer(any);
  await using living = await node.createContainer(any);
  await using third = await node.createContainer(any);
  for (const container of [gone, living]) await node.attach(container);
  await loseJournals(node);
  await losePower(gone);
  const endpoints = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: node.namespace };
  const { items } = await node.client.list<DanmEp>(endpoints, { signal: AbortSignal.timeout(9_000) });
  for (const { metadata: { name } } of items) {
    const body = { spec: { PodUID: "" } }; // as in its early versions: the same of all Pods
    await node.client.patch({ ...endpoints, name }, { type: "merge", body }, { signal: AbortSignal.timeout(9_000) });
  }
  assertStringIncludes(await node.attachFails(third), "every address of its pool");
  for (const container of [gone, living]) await node.detach(container);
});

danmTest("goes by kubelet's UID of a static Pod in owners, records and journal", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const uid = "0123456789abcdef0123456789abcdef";
  const mirror = { "kubernetes.io/config.mirror": uid };
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.20" }], undefined, mirror);
  for (const named of [uid, undefined]) { // a runtime may not tell
    const pod = { ...container.sandbox.pod, ...(named && { uid: named }) };
    if (!named) delete (pod as { uid?: string }).uid;
    await node.attach({ ...container, sandbox: { ...container.sandbox, pod } });
    const endpoints = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: node.namespace };
    const { items: [endpoint] } = await node.client.list<DanmEp>(endpoints, { signal: AbortSignal.timeout(9_000) });
    const { PodUID, EndpointID } = endpoint!.spec;
    assertEquals([PodUID, parseOwner(EndpointID)?.podUid], [uid, uid]);
    assertEquals(endpoint!.metadata.labels?.["danm.k8s.io/pod-uid"], uid);
    const journal = await Deno.readTextFile(node.runtime.journalOf(container.sandbox));
    assertEquals(JSON.parse(journal.split("\n")[1]!).pod.uid, uid);
    await node.detach(container);
  }
});

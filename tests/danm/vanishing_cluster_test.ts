/** What goes away, or never comes, between one step and the next: namespaces, locks, kubelet. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { DANM_ACCOUNT } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";
import { vanishAtEachMoment } from "./vanishing.ts";

danmTest("takes everything back when the namespace of a macvlan interface vanishes", async (node) => {
  await vanishAtEachMoment(node, "macvlan");
});

danmTest("detaches when the namespace vanishes meanwhile", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", rt_tables: 150 });
  await using proxy = await startFaultProxy(node.cluster);
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic", proutes: { "10.60.0.0/16": "10.1.0.3" } },
  ]);
  await node.attach(container);
  const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
  proxy.inject({ method: "DELETE", action: { kind: "hold", until } });
  const call = node.runtime.call("DEL", container.sandbox, { kubeconfig: await proxy.kubeconfigFor(DANM_ACCOUNT) });
  await eventually("see the record deleted", () => proxy.count({ method: "DELETE" }) > 0 || undefined);
  await container.netns[Symbol.asyncDispose]();
  letGo();
  assertEquals((await call).code, 0);
  assertEquals(await node.leftovers(container), []);
});

danmTest("waits for another call about the container no longer than its deadline", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await Deno.mkdir(`${node.runtime.stateDir}/attachments`, { recursive: true });
  const path = node.runtime.journalOf(container.sandbox);
  {
    using journal = await Deno.open(path, { create: true, write: true });
    await journal.lock(true);
    for (const command of ["ADD", "DEL", "CHECK"]) {
      const { code, answer } = await node.runtime.call(command, container.sandbox, { timeout: 1 });
      assertEquals([code, answer], [1, { cniVersion: "1.0.0", code: 11, msg: "the deadline of 1 s has passed" }]);
    }
    await Deno.remove(path);
  }
  await node.attach(container);
  await node.detach(container);
});

danmTest("waits for kubelet no longer than its deadline", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", device_pool: "example.com/a" }, {
    NetworkType: "sriov",
    NetworkID: "a",
  });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const podResourcesSocket = `${node.runtime.folder}/silent.sock`;
  using listener = Deno.listen({ transport: "unix", path: podResourcesSocket });
  const connection = listener.accept();
  const message = await node.attachFails(container, { podResourcesSocket, timeout: 5 });
  (await connection).close();
  assertStringIncludes(message, "the deadline of 5 s has passed");
  assertEquals(await node.leftovers(container), []);
});

/** danm and the agent of its node, netwatcher: what the one does when the other is killed, hangs, or is replaced. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { AGENT_SOCKET, sendLine } from "../../lib/host/agent/agent_protocol.ts";
import { callAgent } from "../../lib/host/agent/call_agent.ts";
import { listenPrivately } from "../../lib/host/serving/listen_privately.ts";
import { eventually } from "../cluster/eventually.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { startTcpProxy } from "../cluster/tcp_proxy.ts";
import type { DaemonProcess } from "../runtime/daemon_process.ts";
import { DANM_ACCOUNT, startAgent, type TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";
import { createFaultRequest } from "./fault_request.ts";
import { FAULT_POINTS } from "./faults.ts";

/** Seconds that no machine needs. */
const LONG = 120;

/** The requests that an agent makes at every call, whatever it remembers. */
const POINTS = FAULT_POINTS.flatMap(({ nth, ...point }) => {
  if (point.verb === "DEL") return point.journal ? [{ ...point, nth }] : [];
  if (point.request.method !== "GET" || point.hasBlock) return [{ ...point, nth }];
  return nth > 1 ? [{ ...point, nth: nth - 1 }] : []; // the network, which was remembered before
});

/** How many calls it has done with this result. */
async function done(agent: DaemonProcess, command: string, result: "success" | "error" | "left"): Promise<number> {
  return await agent.metric(`danm_agent_call_seconds_count{command="${command}",result="${result}"}`) ?? 0;
}

danmTest("has its calls done by the agent, with its own rights", async (node) => {
  await node.createNetwork("net", { cidr: "10.1.0.0/24" });
  await using agent = await startAgent(node);
  await using container = await node.createContainer([{ network: "net", ip: "dynamic" }]);
  await node.attach(container);
  await node.check(container);
  await node.detach(container);
  await node.collectGarbage([]);
  assertEquals((await node.runtime.call("STATUS", undefined, { cniVersion: "1.1.0" })).code, 0);
  for (const command of ["ADD", "CHECK", "DEL", "GC", "STATUS"]) assertEquals(await done(agent, command, "success"), 1);

  const kubeconfig = await node.cluster.kubeconfigFor({ namespace: node.namespace, name: "powerless" });
  assertStringIncludes(await node.attachFails(container, { kubeconfig }), "powerless");
  assertEquals(await done(agent, "ADD", "error"), 1);
  // A file that only danm could see.
  assertStringIncludes(await node.attachFails(container, { kubeconfig: "/no/such/file" }), "/no/such/file");
  assertEquals(await done(agent, "ADD", "left"), 1);
  await node.detach(container); // what who has no rights could not take back
});

danmTest("does without an agent that hangs, and which does nothing when it wakes up", async (node) => {
  await node.createNetwork("net", { cidr: "10.1.0.0/24" });
  await using agent = await startAgent(node);
  await using container = await node.createContainer([{ network: "net", ip: "dynamic" }]);
  agent.kill("SIGSTOP");
  await node.attach(container, { timeout: LONG });
  agent.kill("SIGCONT");
  await eventually("see the agent give up the call", async () => await done(agent, "ADD", "left") === 1 || undefined);
  await node.check(container);
  assertEquals(await done(agent, "CHECK", "success"), 1);
  await node.detach(container);
});

danmTest("does what an agent has begun that is killed at a request", async (node) => {
  await using proxy = await startFaultProxy(node.cluster);
  const kubeconfig = await proxy.kubeconfigFor(DANM_ACCOUNT);
  for (const point of POINTS) {
    const request = await createFaultRequest(node, point);
    await using agent = await startAgent(node); // which knows the network
    await using container = await node.createContainer([request]);
    if (point.verb === "DEL") await node.attach(container);
    proxy.reset();
    proxy.inject({ ...point.request, nth: point.nth, action: { kind: "hang" } });
    const call = node.runtime.call(point.verb, container.sandbox, { kubeconfig, timeout: LONG });
    await eventually(`see the request to ${point.step}`, () => proxy.count(point.request) >= point.nth || undefined);
    proxy.reset();
    agent.kill("SIGKILL");
    const { code, answer } = await call;
    assertEquals(code, 0, `${point.verb}, ${point.step}: ${JSON.stringify(answer)}`);
    if (point.verb === "ADD") {
      await node.check(container);
      await node.detach(container);
    }
    assertEquals(await node.leftovers(container), [], `${point.verb}, ${point.step}`);
  }
});

danmTest("is killed while the agent works, and the agent takes everything back", async (node) => {
  const points = POINTS.filter(({ verb }) => verb === "ADD");
  const requests = await Promise.all(points.map((point) => createFaultRequest(node, point)));
  await using agent = await startAgent(node);
  await Promise.all(points.map(async (point, place) => {
    await using proxy = await startFaultProxy(node.cluster);
    await using container = await node.createContainer([requests[place]]);
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    proxy.inject({ ...point.request, nth: point.nth, action: { kind: "hold", until } });
    const kubeconfig = await proxy.kubeconfigFor(DANM_ACCOUNT);
    const danm = await node.runtime.start("ADD", container.sandbox, { kubeconfig, timeout: LONG });
    await eventually(`see the request to ${point.step}`, () => proxy.count(point.request) >= point.nth || undefined);
    danm.kill("SIGKILL");
    await danm.output();
    release();
    await eventually(`see nothing left of an ADD killed at the request to ${point.step}`, async () => {
      const left = await node.leftovers(container);
      // The reference plugin, ended half-way, may leave its link in the namespace under a random name.
      return left.filter((line) => !line.startsWith("in ")).length === 0 || undefined;
    });
  }));
  assertEquals(await done(agent, "ADD", "left"), points.length);
});

danmTest("attaches as the networks are, whatever the agent remembers", async (node) => {
  await using stack = new AsyncDisposableStack();
  const line = stack.use(startTcpProxy(node.cluster.url));
  const collection = { ...resourceFor("DanmNet", DEFAULT_API_GROUP), namespace: node.namespace };
  await node.createNetwork("changed", { cidr: "10.1.0.0/24" });
  await node.createNetwork("mended", { cidr: "10.1.0.0/24", host_device: "none0" });
  await node.createNetwork("full", { cidr: "10.2.0.0/30", allocation_pool: { start: "10.2.0.1", end: "10.2.0.1" } });
  const agent = stack.use(await startAgent(node, line.url));
  line.isolate();
  const signal = AbortSignal.timeout(LONG * 1000);
  const change = (name: string, Options: Record<string, unknown>) =>
    node.client.patch({ ...collection, name }, { type: "merge", body: { spec: { Options } } }, { signal });
  await change("changed", { routes: { "10.9.0.0/16": "10.1.0.200" } });
  await change("mended", { host_device: node.parent });
  await change("full", { cidr: "10.2.0.0/29", allocation_pool: { start: "10.2.0.1", end: "10.2.0.6" } });
  const attach = async (network: string) => {
    const container = stack.use(await node.createContainer([{ network, ip: "dynamic" }]));
    const result = await node.attach(container);
    stack.defer(() => node.detach(container));
    return result;
  };
  assertEquals((await attach("changed")).routes, [{ dst: "10.9.0.0/16", gw: "10.1.0.200" }]);
  await attach("mended");
  await attach("full");
  await attach("full");
  assertEquals(await done(agent, "ADD", "success"), 4);
});

danmTest("attaches and detaches while the agent is replaced, by another version and by its own", async (node) => {
  await node.createNetwork("net", { cidr: "10.1.0.0/24" });
  const first = await startAgent(node);
  let goesOn = true;
  let rounds = 0;
  const lanes = Array.from({ length: 3 }, async () => {
    for (; goesOn; rounds++) {
      await using container = await node.createContainer([{ network: "net", ip: "dynamic" }]);
      await node.attach(container, { timeout: LONG });
      await node.detach(container, { timeout: LONG });
    }
  });
  const more = (what: string) => {
    const before = rounds;
    return Promise.race([
      eventually(`see Pods come and go ${what}`, () => rounds >= before + 6 || undefined),
      Promise.all(lanes).then(() => {}),
    ]);
  };
  try {
    await more("with an agent");
    await using other = await serveOtherVersion(node);
    await more("with another version that was started meanwhile");
    first.kill("SIGTERM");
    assertEquals((await first.status).code, 0);
    await more("with the other version alone");
    assertEquals(other.asked() > 0, true);
    await using second = await startAgent(node);
    await more("with the next agent");
    assertEquals(await done(second, "ADD", "success") > 0, true);
  } finally {
    goesOn = false;
    await Promise.all(lanes);
    await first[Symbol.asyncDispose]();
  }
});

/** What an agent of another version says to this danm. */
async function serveOtherVersion({ runtime }: TestNode): Promise<AsyncDisposable & { asked(): number }> {
  const listener = await listenPrivately(`${runtime.stateDir}/${AGENT_SOCKET}`);
  let asked = 0;
  const serving = (async () => {
    for await (using connection of listener) {
      await connection.read(new Uint8Array(64 * 1024));
      asked++;
      await sendLine(connection, { word: "refused", reason: "it is of version 2/9.9.9" }).catch(() => {});
    }
  })();
  return {
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

danmTest("has 200 calls done at once", async (node) => {
  await using agent = await startAgent(node);
  const call = {
    env: { CNI_COMMAND: "STATUS", CNI_PATH: node.runtime.binDir },
    stdin: JSON.stringify(node.runtime.config({ cniVersion: "1.1.0", timeout: LONG })),
  };
  const path = `${node.runtime.stateDir}/${AGENT_SOCKET}`;
  const calls = Array.from({ length: 200 }, () => callAgent(path, call, {}, LONG * 1000, console.error));
  const answers = new Set((await Promise.all(calls)).map((outcome) => JSON.stringify(outcome)));
  assertEquals([...answers], ['{"answer":{"stdout":"","exitCode":0}}']);
  assertEquals(await done(agent, "STATUS", "success"), 200);
  assertEquals(await agent.metric("danm_agent_waiting"), 0);
});

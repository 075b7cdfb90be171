/** kill -9 at every chosen and at many random moments: a later DEL, ADD or GC leaves nothing of it. */

import { assertEquals } from "@std/assert";
import { killChild } from "../../lib/process/kill_group.ts";
import { eventually } from "../cluster/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../cluster/fault_proxy.ts";
import { HAS_AGENT } from "../runtime/agent_choice.ts";
import { DANM_ACCOUNT, type TestContainer, type TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";
import { createFaultRequest } from "./fault_request.ts";
import { FAULT_POINTS, type FaultPoint, isRemembered } from "./faults.ts";

/** What the runtime may do next about a container whose call was killed. */
const RECOVERIES = ["DEL", "ADD", "GC"] as const;
type Recovery = typeof RECOVERIES[number];

/** How many containers are in the works at once. */
const LANES = 6;

/** Kills at random moments. */
const RANDOM_KILLS = Deno.env.get("DANM_SOAK") === "1" ? 300 : 60;

/** Runs `work` for every item, some at a time; resolves to what failed. */
async function inLanes<T>(
  items: readonly T[],
  describe: (item: T) => string,
  work: (item: T, lane: number) => Promise<void>,
): Promise<string[]> {
  const iterator = items.values();
  const failures: string[] = [];
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    for (const item of iterator) {
      await work(item, lane).catch((error) => failures.push(`${describe(item)}: ${error.message}`));
    }
  }));
  return failures;
}

/** Containers that are killed, each followed by its recovery; GC comes last and for all of them, as it must be alone. */
function openWard(node: TestNode): AsyncDisposable & {
  recover(container: TestContainer, recovery: Recovery): Promise<void>;
  collect(): Promise<void>;
} {
  const forgotten: TestContainer[] = [];
  return {
    async recover(container, recovery) {
      if (recovery === "GC") return void forgotten.push(container);
      await using _container = container;
      if (recovery === "ADD") await node.attach(container, { timeout: 120 });
      await node.detach(container, { timeout: 120 });
      assertEquals(await node.leftovers(container), []);
    },
    async collect() {
      await node.collectGarbage([], { timeout: 120 });
      assertEquals(await node.leftovers(), []);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(forgotten.map((container) => container[Symbol.asyncDispose]()));
    },
  };
}

danmTest("is killed at each of its requests, and leaves nothing that DEL, ADD or GC do not clean", async (node) => {
  await using proxies = new AsyncDisposableStack();
  const proxy = await Promise.all(
    Array.from({ length: LANES }, async () => proxies.use(await startFaultProxy(node.cluster))),
  );
  await using ward = openWard(node);
  const points = HAS_AGENT ? FAULT_POINTS.filter((point) => !isRemembered(point)) : FAULT_POINTS;
  const cells = points.flatMap((point) => RECOVERIES.map((recovery) => ({ point, recovery })));
  const describe = ({ point: { verb, journal, step }, recovery }: typeof cells[number]) =>
    `${verb} ${journal ? "with" : "without"} journal, killed at "${step}", recovered by ${recovery}`;
  const failures = await inLanes(cells, describe, async ({ point, recovery }, lane) => {
    const container = await node.createContainer([await createFaultRequest(node, point)]);
    await killAtRequest(node, container, point, proxy[lane]!);
    await ward.recover(container, recovery);
  });
  assertEquals(failures, []);
  await ward.collect();
});

/** Kills the call while it waits for the answer to one request. */
async function killAtRequest(node: TestNode, container: TestContainer, point: FaultPoint, proxy: FaultProxy) {
  if (point.verb === "DEL") await node.attach(container, { timeout: 120 });
  if (!point.journal && point.verb === "DEL") {
    await Deno.remove(node.runtime.journalOf(container.sandbox));
  }
  proxy.reset();
  proxy.inject({ ...point.request, nth: point.nth, action: { kind: "hang" } });
  const changes = { kubeconfig: await proxy.kubeconfigFor(DANM_ACCOUNT), timeout: 120 };
  const child = await node.runtime.start(point.verb, container.sandbox, changes);
  await eventually(
    `see the request to ${point.step}`,
    () => proxy.count(point.request) >= point.nth || undefined,
  );
  child.kill("SIGKILL");
  await child.output();
}

danmTest(`is killed at ${RANDOM_KILLS} random moments, and leaves nothing either`, async (node) => {
  const bridge = `br${crypto.randomUUID().slice(0, 8)}`;
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => ip("link", "del", "dev", bridge).then(() => {}));
  const addresses = `${node.runtime.folder}/host-local`;
  await Deno.writeTextFile(
    `${node.runtime.cniDir}/lan.conf`,
    JSON.stringify({
      cniVersion: "1.0.0",
      name: "lan",
      type: "bridge",
      bridge,
      ipam: { type: "host-local", subnet: "10.3.0.0/16", dataDir: addresses },
    }),
  );
  await node.createNetwork("a", { cidr: "10.1.0.0/16", net6: "2001:db8:1::/64", rt_tables: 150 });
  await node.createNetwork("lan", {}, { NetworkType: "bridge", NetworkID: "lan" });
  const requests = [
    { network: "a", ip: "dynamic", ip6: "dynamic", proutes: { "10.60.0.0/16": "10.1.0.100" } },
    { network: "lan" },
    { network: "a", ip: "dynamic" },
  ];
  const kills = Array.from({ length: RANDOM_KILLS }, (_, index) => ({
    verb: index % 3 === 2 ? "DEL" : "ADD",
    recovery: RECOVERIES[Math.floor(Math.random() * RECOVERIES.length)]!,
    moment: Math.random(),
  }));
  await using ward = openWard(node);
  const duration = new Map<string, number>();
  const failures = await inLanes(kills, JSON.stringify, async ({ verb, recovery, moment }) => {
    const container = await node.createContainer(requests);
    // How long a call takes, with all that goes on at the same time, is known from those before.
    if (verb === "DEL" || !duration.has(verb)) {
      const started = performance.now();
      await node.attach(container, { timeout: 120 });
      duration.set("ADD", performance.now() - started);
    }
    const child = await node.runtime.start(verb, container.sandbox, { timeout: 120 });
    const timer = setTimeout(() => killChild(child), moment * (duration.get(verb) ?? duration.get("ADD")!));
    await child.output();
    clearTimeout(timer);
    await ward.recover(container, recovery);
  });
  assertEquals(failures, []);
  await ward.collect();
  assertEquals((await ip("-brief", "link", "show", "master", bridge)).trim(), "", "ends of pairs on the host");
  const given = (await Array.fromAsync(Deno.readDir(`${addresses}/lan`))).map(({ name }) => name);
  assertEquals(given.filter((name) => /^10\./.test(name)), [], "addresses of host-local");
});

async function ip(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("ip", { args, stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

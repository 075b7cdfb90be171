import { assert, assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { startTcpProxy, type TcpProxy } from "../../../tests/cluster/tcp_proxy.ts";
import { createDaemonClient } from "../client/daemon_client.ts";
import { fencedClient } from "../client/fenced_client.ts";
import { type ElectionTiming, type LeaderWork, runAsLeader } from "./leader_election.ts";
import type { LeaseObject } from "./lease.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const TIMING: ElectionTiming = { durationMs: 3000, renewWithinMs: 2000, retryMs: 300 };
const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases", name: "work" };
const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** A replica that takes part, with a line of its own to the API server. */
interface Replica extends AsyncDisposable {
  readonly line: TcpProxy;
  /** Whether its work runs. */
  readonly leads: boolean;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

/** Works until told to stop. */
const idle: LeaderWork = (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

function startReplica(namespace: string, identity: string, work: LeaderWork = idle): Replica {
  const line = startTcpProxy(cluster.url);
  const kube = createDaemonClient(() => ({ ...loadKubeconfig(cluster.kubeconfig), server: line.url }));
  const stop = new AbortController();
  let leads = false;
  const running = runAsLeader(kube, { namespace, name: "work", identity, timing: TIMING }, async (signal, check) => {
    leads = true;
    try {
      await work(signal, check);
    } finally {
      leads = false;
    }
  }, stop.signal);
  const stopped = async () => {
    stop.abort();
    await running;
  };
  return {
    line,
    get leads() {
      return leads;
    },
    stop: stopped,
    async [Symbol.asyncDispose]() {
      await stopped();
      line[Symbol.dispose]();
      kube[Symbol.dispose]();
    },
  };
}

async function leaseIn(namespace: string): Promise<LeaseObject["spec"]> {
  using admin = cluster.client();
  return (await admin.get<LeaseObject>({ ...LEASES, namespace }, soon())).spec;
}

const leading = (replica: Replica) => eventually("lead", () => replica.leads || undefined);

Deno.test("runAsLeader() lets one replica work, and the next one at once when that stops cleanly", async () => {
  const namespace = await cluster.createNamespace();
  await using first = startReplica(namespace, "first");
  await leading(first);
  const { renewTime } = await leaseIn(namespace);
  await using second = startReplica(namespace, "second");
  await eventually("renew the lease", async () => (await leaseIn(namespace)).renewTime !== renewTime || undefined);
  assertEquals([first.leads, second.leads], [true, false]);
  await first.stop();
  assert((await leaseIn(namespace)).holderIdentity !== "first");
  await leading(second);
  const { holderIdentity, leaseTransitions, leaseDurationSeconds } = await leaseIn(namespace);
  assertEquals([holderIdentity, leaseTransitions, leaseDurationSeconds], ["second", 1, 3]);
});

Deno.test("runAsLeader() stops a leader that is cut off before another one starts", async () => {
  const namespace = await cluster.createNamespace();
  const told: string[] = [];
  const tell = (name: string): LeaderWork => async (signal) => {
    told.push(`${name} starts`);
    await idle(signal, () => {});
    told.push(`${name} stops`);
  };
  await using first = startReplica(namespace, "first", tell("first"));
  await leading(first);
  await using second = startReplica(namespace, "second", tell("second"));
  first.line.isolate();
  await leading(second);
  assertEquals(told, ["first starts", "first stops", "second starts"]);
  first.line.mend();
  await second.stop();
  await leading(first); // on new connections: the old ones are dead
});

Deno.test("runAsLeader() goes on leading when its connection breaks for less than it may", async () => {
  const namespace = await cluster.createNamespace();
  await using first = startReplica(namespace, "first");
  await leading(first);
  await using second = startReplica(namespace, "second");
  const { acquireTime } = await leaseIn(namespace);
  for (const spoil of [first.line.freeze, first.line.cut]) {
    const { renewTime } = await leaseIn(namespace);
    spoil();
    await eventually("renew the lease", async () => (await leaseIn(namespace)).renewTime !== renewTime || undefined);
  }
  assertEquals([first.leads, second.leads, (await leaseIn(namespace)).acquireTime], [true, false, acquireTime]);
});

Deno.test("runAsLeader() keeps the lease while the work comes to its end", async () => {
  const namespace = await cluster.createNamespace();
  const end = Promise.withResolvers<void>();
  const first = startReplica(namespace, "first", () => end.promise);
  await leading(first);
  const stopped = first.stop();
  await using second = startReplica(namespace, "second");
  for (let renewals = 0; renewals < 2; renewals++) {
    const { renewTime } = await leaseIn(namespace);
    await eventually("renew the lease", async () => (await leaseIn(namespace)).renewTime !== renewTime || undefined);
  }
  assertEquals(second.leads, false);
  end.resolve();
  await stopped;
  await leading(second);
  await first[Symbol.asyncDispose]();
});

Deno.test("runAsLeader() takes its lease again when somebody deletes it", async () => {
  const namespace = await cluster.createNamespace();
  await using first = startReplica(namespace, "first");
  await leading(first);
  using admin = cluster.client();
  await admin.delete({ ...LEASES, namespace }, soon());
  const { holderIdentity } = await eventually("see the lease again", () => leaseIn(namespace));
  assertEquals([holderIdentity, first.leads], ["first", true]);
});

Deno.test("runAsLeader() refuses the writes of work that goes on after leadership is lost", async () => {
  const namespace = await cluster.createNamespace();
  const refused = Promise.withResolvers<unknown>();
  using admin = cluster.client();
  await using first = startReplica(namespace, "first", async (signal, check) => {
    await idle(signal, check);
    const write = fencedClient(admin, check).create(
      { ...CONFIG_MAPS, namespace },
      { metadata: { name: "late" } },
      soon(),
    );
    refused.resolve(await write.then(() => "written", (error) => error.message));
  });
  await leading(first);
  first.line.isolate();
  assertEquals(await refused.promise, "Cannot lead any longer: the lease could not be renewed for 2000 ms");
  first.line.mend();
});

Deno.test("runAsLeader() ends with its work, and lets go of the lease", async () => {
  const namespace = await cluster.createNamespace();
  using client = cluster.client();
  const options = { namespace, name: "work", identity: "a", timing: TIMING };
  const never = new AbortController().signal;
  const broken = () => Promise.reject(new Error("the work failed"));
  await assertRejects(() => runAsLeader(client, options, broken, never), Error, "the work failed");
  assertEquals((await leaseIn(namespace)).holderIdentity, "");
  await assertRejects(() => runAsLeader(client, options, () => Promise.resolve(), never), Error, "ended by itself");
  assert((await leaseIn(namespace)).acquireTime !== undefined);
});

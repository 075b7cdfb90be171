/** What svcwatcher makes of a thousand Pods: API writes, time to converge, memory. */

import { ENDPOINT_SLICES, type EndpointSlice } from "../../lib/api/endpoint_slice.ts";
import { listAll } from "../../lib/kube/client/list_all.ts";
import { eventually } from "../cluster/eventually.ts";
import type { DaemonProcess } from "../runtime/daemon_process.ts";
import { startServiceCluster, startSvcwatcherProcess } from "../svcwatcher/svcwatcher_process.ts";
import { openServiceScene, type ServiceScene, soon } from "../svcwatcher/service_scene.ts";
import type { TestPod } from "../runtime/test_pod.ts";
import { residentMemory } from "./resident_memory.ts";
import { inParallel, report } from "./series.ts";

const SERVICES = 50;
const PODS_EACH = 20;
/** Pods of a Service that are replaced at a time, as a Deployment of 20 does: 25 % of them. */
const AT_A_TIME = 5;
const ROUNDS = 4;
const WIDTH = 16;

/** A Pod with its interface, which is replaced in every round. */
interface Member {
  readonly service: string;
  readonly number: number;
  pod: TestPod | undefined;
  danmEp: string | undefined;
}

/** Measures and prints. */
export async function benchSvcwatcher(): Promise<void> {
  await using cluster = await startServiceCluster();
  using scene = await openServiceScene(cluster);
  const names = Array.from({ length: SERVICES }, (_, index) => `s${index}`);
  const members = names.flatMap((service, high) =>
    Array.from({ length: PODS_EACH }, (_, low): Member => {
      return { service, number: high * PODS_EACH + low, pod: undefined, danmEp: undefined };
    })
  );
  await inParallel(names, WIDTH, (name) => {
    return scene.createService(name, { selector: JSON.stringify({ app: name }), network: "net" });
  });
  await inParallel(members, WIDTH, (member) => start(scene, member));
  const began = performance.now();
  await using svcwatcher = await startSvcwatcherProcess(cluster);
  const converge = () => convergence(scene, members);
  await converge();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const slices = await writes(svcwatcher);
  report(
    `${members.length} Pods in ${SERVICES} Services, from nothing`,
    `${seconds} s`,
    `${slices} writes`,
    await residentMemory(svcwatcher),
  );
  let before = slices;
  for (let round = 1; round <= ROUNDS; round++) {
    const started = performance.now();
    await rollingRestart(scene, names, members);
    const restarted = performance.now();
    await converge();
    const after = await writes(svcwatcher);
    report(
      `rolling restart ${round}`,
      `${((restarted - started) / 1000).toFixed(1)} s`,
      `converged ${Math.round(performance.now() - restarted)} ms later`,
      `${after - before} writes, ${((after - before) / members.length).toFixed(2)} a Pod`,
      await residentMemory(svcwatcher),
    );
    before = after;
  }
  const failed = await svcwatcher.metric('danm_reconcile_seconds_count{controller="services",result="failed"}') ?? 0;
  report("reconciliations to be repeated", `${failed}`);
}

/** A new Pod: scheduled and attached first, ready a moment later. */
async function start(scene: ServiceScene, member: Member): Promise<void> {
  const pod = await scene.createPod({ labels: { app: member.service }, ready: false });
  const host = `${member.number >> 8}.${member.number & 255}`;
  const danmEp = await scene.attach(pod, { ip: `10.0.${host}/16` });
  await scene.setStatus(pod, true);
  member.pod = pod;
  member.danmEp = danmEp;
}

/** What a Deployment does: some new Pods, and when they are ready as many of the old ones go. */
async function rollingRestart(
  scene: ServiceScene,
  names: readonly string[],
  members: readonly Member[],
): Promise<void> {
  for (let first = 0; first < PODS_EACH; first += AT_A_TIME) {
    const batch = names.flatMap((name) =>
      members.filter(({ service }) => service === name).slice(first, first + AT_A_TIME)
    );
    await inParallel(batch, WIDTH, async (member) => {
      const { pod, danmEp } = member;
      await start(scene, member);
      if (pod === undefined || danmEp === undefined) return;
      await scene.terminatePod(pod);
      await scene.detach(danmEp);
      await scene.removePod(pod);
    });
  }
}

/** Waits until the slices tell of all Pods that there are, and of nothing else. */
async function convergence(scene: ServiceScene, members: readonly Member[]): Promise<void> {
  const expected = members.map(({ pod }) => pod?.uid ?? "").sort().join();
  await eventually("converge", async () => {
    const all = await listAll<EndpointSlice>(scene.admin, { ...ENDPOINT_SLICES, namespace: scene.namespace }, soon());
    const endpoints = all.flatMap(({ endpoints }) => endpoints ?? []);
    const isRight = endpoints.every(({ conditions }) => conditions?.ready) &&
      endpoints.map(({ targetRef }) => targetRef?.uid ?? "").sort().join() === expected;
    return isRight || undefined;
  }, 20);
}

async function writes(svcwatcher: DaemonProcess): Promise<number> {
  const counts = ["create", "update", "delete"].map((verb) =>
    svcwatcher.metric(`danm_service_writes_total{what="slice",verb="${verb}"}`)
  );
  return (await Promise.all(counts)).reduce((sum: number, count) => sum + (count ?? 0), 0);
}

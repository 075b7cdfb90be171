/** Whatever restarts while Pods come and go, all of them run in the end, and nothing is left of those that are gone. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { eventually } from "../cluster/eventually.ts";
import type { NodeMachine } from "../node/node_machine.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { installDanm } from "./install_danm.ts";
import { podLeftovers } from "./leftovers.ts";
import { networks } from "./networks.ts";
import { type RealCluster, startRealCluster } from "./real_cluster.ts";
import { isServing, type PodObject } from "./scene.ts";

const STORM = fromFileUrl(new URL("storm.yaml", import.meta.url));
const PODS = 50;
/** The cleaner lets a minute pass before it takes anything for left. */
const LOOK_MS = 500;

type Disturbance = (cluster: RealCluster, node: NodeMachine) => Promise<unknown>;

/** Kills the service, and waits until the node has started it again: Pods may be done before that. */
const kill = (service: string): Disturbance => async (_, node) => {
  const pid = async () => (await node.run("cat", `/run/node/${service}.pid`)).trim();
  const killed = await pid();
  await node.run("kill", "-KILL", killed);
  await eventually(`see another ${service}`, async () => !["", killed].includes(await pid()) || undefined, LOOK_MS);
};

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  "kubelet's restart": kill("kubelet"),
  "containerd's restart": kill("containerd"),
  async "the API server's restart"(cluster) {
    await cluster.stopApiServer();
    await cluster.startApiServer();
  },
  async "the node's reboot"(cluster, node) {
    await node.powerOff();
    await node.powerOn();
    await cluster.join(node);
  },
};

Deno.test("Pods that come and go survive", async (t) => {
  await using cluster = await startRealCluster([startNamespaceMachine]);
  await installDanm(cluster);
  const file = `${cluster.folder}/networks.yaml`;
  await Deno.writeTextFile(file, networks("macvlan"));
  await cluster.kubectl("apply", `--filename=${file}`, `--filename=${STORM}`);
  const node = cluster.nodes[0]!;

  for (const [name, disturb] of Object.entries(DISTURBANCES)) {
    await t.step(`${name} while ${PODS} are created`, async () => {
      await scale(cluster, PODS);
      await untilRunning(cluster, (count) => count >= PODS / 5);
      await disturb(cluster, node);
      await untilRunning(cluster, (count) => count === PODS);
    });
    await t.step(`${name} while they are deleted`, async () => {
      await scale(cluster, 0);
      await untilRunning(cluster, (count) => count < PODS);
      await disturb(cluster, node);
      await eventually("see nothing left", async () => {
        assertEquals(await countPods(cluster, () => true), 0);
        assertEquals(await podLeftovers(cluster), []);
        return true;
      }, LOOK_MS);
    });
  }
});

async function scale(cluster: RealCluster, replicas: number): Promise<void> {
  await cluster.kubectl("scale", "deployment/storm", `--replicas=${replicas}`);
}

async function untilRunning(cluster: RealCluster, isEnough: (count: number) => boolean): Promise<void> {
  await eventually("see enough Pods running", async () => {
    const count = await countPods(cluster, isServing);
    if (!isEnough(count)) throw new Error(`${count} run`);
    return true;
  }, LOOK_MS);
}

async function countPods(cluster: RealCluster, counts: (pod: PodObject) => boolean): Promise<number> {
  const text = await cluster.kubectl("get", "pods", "--selector=app=storm", "--output=json");
  return JSON.parse(text).items.filter(counts).length;
}

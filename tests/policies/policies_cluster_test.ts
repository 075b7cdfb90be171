/** Policies from the first packet to the last: when they come, change and go, and whatever happens to who keeps them. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { readRules } from "../../lib/host/journal/rules_record.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import type { TestNamespace } from "../netns.ts";
import { networksOf } from "../netwatcher/networks.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { startDaemon } from "../runtime/daemon_process.ts";
import { createPolicedScene, type PolicedPod, type PolicedScene, preparePolicies } from "./policed_scene.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
const kubeconfig = await preparePolicies(cluster);

const ON_X = [{ on: "x", ip: "dynamic" }];
const SERVER = { labels: { app: "server" }, interfaces: ON_X };
const FROM_WEB = {
  podSelector: { matchLabels: { app: "server" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 80 }] }],
};

async function createScene(): Promise<PolicedScene> {
  const scene = await createPolicedScene(cluster, client, kubeconfig);
  await scene.createNetwork("x", { cidr: "10.1.0.0/24" });
  return scene;
}

const tcp = ({ addresses }: PolicedPod, port = 80) => `tcp/${addresses[0]}/${port}`;

/** Waits until what `from` reaches of `targets` is `expected`. */
async function becomes(
  scene: PolicedScene,
  from: PolicedPod,
  targets: readonly string[],
  expected: readonly string[],
  what: string,
): Promise<void> {
  await eventually(what, async () => {
    const reached = await scene.probe(from.netns, targets);
    return reached.join() === [...expected].sort().join() || undefined;
  });
}

/** The table of rules as it is; empty when there is none. */
async function table({ netns }: PolicedPod): Promise<string> {
  return await netns.run("sh", "-c", "nft list table inet danm 2>/dev/null || true");
}

/** Receives datagrams at two ports of whatever address comes, and ends when one has come at the second. */
const LISTEN = `
use Socket; my @s = map { socket(my $s, AF_INET, SOCK_DGRAM, 17); bind($s, sockaddr_in($_, INADDR_ANY)) or die; $s } @ARGV;
syswrite STDOUT, "ready\n"; my $n = 0;
while (1) { my $in = ""; vec($in, fileno($_), 1) = 1 for @s; select(my $r = $in, undef, undef, undef);
  if (vec($r, fileno($s[0]), 1)) { recv($s[0], my $x, 99, 0); $n++ } elsif (vec($r, fileno($s[1]), 1)) { print "$n\n"; exit } }`;

/** Sends one after the other to both ports, again and again, from before there is anybody. */
const SEND = `
use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 17); my $to = inet_aton(shift);
while (1) { send($s, "x", 0, sockaddr_in($_, $to)) for @ARGV; select(undef, undef, undef, 0.001) }`;

/** Listens; `heard` says how many forbidden datagrams had come before the first that is allowed. */
async function listen({ name }: TestNamespace): Promise<{ readonly heard: Promise<string> }> {
  const args = ["netns", "exec", name, "perl", "-e", LISTEN, "9", "80"];
  const child = new Deno.Command("ip", { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  const heard = reader.read().then(async ({ value = "" }) => {
    await reader.cancel();
    await child.status;
    return value.trim();
  });
  return { heard };
}

Deno.test("danm polices a Pod before its first packet, with and without netwatcher", async () => {
  await using scene = await createScene();
  const [a] = scene.namespaces;
  await scene.createPolicy(a, {
    podSelector: { matchLabels: { app: "server" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [{ port: 80, protocol: "UDP" }] }],
    egress: [{ ports: [{ port: 80, protocol: "UDP" }] }],
  });
  await scene.outside.ip("address", "add", "10.1.0.1/24", "dev", "wire");
  for (const agent of [false, true]) {
    await using _netwatcher = agent ? await scene.node.startNetwatcher() : undefined;
    const pod = await scene.createPod({ ...SERVER, namespace: a, interfaces: [{ on: "x", ip: "10.1.0.77" }] });
    const [comesIn, goesOut] = [await listen(pod.netns), await listen(scene.outside)];
    await using _in = await scene.outside.spawn("perl", "-e", SEND, "10.1.0.77", "9", "80");
    await using _out = await pod.netns.spawn("perl", "-e", SEND, "10.1.0.1", "9", "80");
    const { code, answer } = await scene.add(pod);
    assertEquals(code, 0, JSON.stringify(answer));
    assertEquals([await comesIn.heard, await goesOut.heard], ["0", "0"], `an agent: ${agent}`);
    await scene.detach(pod);
    assertEquals(await table(pod), "", "rules go with the last attachment");
  }
});

Deno.test("netwatcher has changes of policies and labels in force, Pods that come and go among them", async () => {
  await using scene = await createScene();
  const [a, b] = scene.namespaces;
  await using netwatcher = await scene.node.startNetwatcher();
  const server = await scene.attach({ ...SERVER, namespace: a });
  const web = await scene.attach({ namespace: a, labels: { app: "web" }, interfaces: ON_X });
  const [allowed, other] = [tcp(server), tcp(server, 81)];
  await becomes(scene, web, [allowed, other], [allowed, other], "reach everything without a policy");
  assertEquals(await netwatcher.metric('danm_watched_objects{resource="pods/metadata"}'), undefined);

  const policy = await scene.createPolicy(a, FROM_WEB);
  await becomes(scene, web, [allowed, other], [allowed], "reach what the policy lets through");
  await scene.label(web.pod, { app: "db" });
  await becomes(scene, web, [allowed, other], [], "reach nothing with another label");
  await scene.changePolicy(a, policy, { ...FROM_WEB, ingress: [{ ports: [{ port: 81 }] }] });
  await becomes(scene, web, [allowed, other], [other], "reach what the policy lets through now");
  await scene.changePolicy(a, policy, {
    ...FROM_WEB,
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "b" } } }] }],
  });
  const foreign = await scene.attach({ namespace: b, interfaces: ON_X });
  await becomes(scene, foreign, [allowed], [allowed], "reach it from a namespace of the team");
  await becomes(scene, web, [allowed, other], [], "reach nothing from another one");
  await cluster.kubectl("label", "namespace", b, "team-");
  await becomes(scene, foreign, [allowed], [], "reach nothing when the namespace is of no team");
  await cluster.kubectl("label", "namespace", b, "team=b");
  await becomes(scene, foreign, [allowed], [allowed], "reach it again");
  const runs = await netwatcher.metric("danm_policy_nft_runs_total");
  const [address] = foreign.addresses;
  await scene.detach(foreign);
  await eventually("see the address go", async () => !(await table(server)).includes(address!) || undefined);
  assertEquals(await netwatcher.metric("danm_policy_nft_runs_total"), runs! + 1, "one element, by one run");

  await scene.deletePolicy(a, policy);
  await becomes(scene, web, [allowed, other], [allowed, other], "reach everything when the policy is gone");
  assertEquals([await table(server), await readRules(scene.node.runtime.stateDir, server.sandbox.containerId)], [
    "",
    undefined,
  ]);
  await eventually(
    "stop following Pods",
    async () => (await netwatcher.metric('danm_watched_objects{resource="pods/metadata"}')) === undefined || undefined,
  );
});

Deno.test("what is in force stays while netwatcher and the API server are away, and comes back when a hand was at it", async () => {
  await using scene = await createScene();
  const [a] = scene.namespaces;
  const policy = await scene.createPolicy(a, FROM_WEB);
  const web = await scene.attach({ namespace: a, labels: { app: "web" }, interfaces: ON_X });
  let before: string;
  let server: PolicedPod;
  {
    await using netwatcher = await scene.node.startNetwatcher();
    server = await scene.attach({ ...SERVER, namespace: a });
    await becomes(scene, web, [tcp(server), tcp(server, 81)], [tcp(server)], "reach what the policy lets through");
    before = await table(server);
    // By element: the next change does not fit what is there. Everything: nothing is there to be changed.
    for (const change of [["flush", "ruleset"], ["delete", "table", "inet", "danm"]]) {
      await server.netns.run("nft", ...change);
      const another = await scene.attach({ namespace: a, labels: { app: "web" }, interfaces: ON_X });
      await eventually(
        "see the rules again",
        async () => (await table(server)).includes(another.addresses[0]!) || undefined,
      );
      await scene.detach(another);
    }
    await eventually("see the rules as they were", async () => await table(server) === before || undefined);
    await netwatcher.stop();
  }
  assertEquals(await table(server), before);
  await becomes(scene, web, [tcp(server), tcp(server, 81)], [tcp(server)], "reach it while netwatcher is away");
  // One that cannot ask anybody knows no policies, and takes none back.
  const nobody = await cluster.kubeconfigFor({ namespace: "kube-system", name: "netwatcher" }, "https://127.0.0.1:1");
  const { stateDir } = scene.node.runtime;
  await using lost = startDaemon("netwatcher", `--kubeconfig=${nobody}`, `--state-dir=${stateDir}`, "--node-name=lost");
  await lost.says("cannot follow the API server");
  assertEquals(await table(server), before);
  await scene.deletePolicy(a, policy);
  await using _netwatcher = await scene.node.startNetwatcher();
  await eventually(
    "see the rules go that nobody asks for any more",
    async () => await table(server) === "" || undefined,
  );
});

Deno.test("what a policy cannot do is told, and who cannot put it in force attaches nothing open", async () => {
  await using scene = await createScene();
  const { namespaces: [a], node: { netns, runtime } } = scene;
  const toNamed = { podSelector: FROM_WEB.podSelector, ingress: [{ ports: [{ port: "none" }] }] };
  const policy = await scene.createPolicy(a, toNamed, "not-there");
  const named = await scene.createPolicy(a, toNamed);
  const danm = await Deno.realPath(`${PROGRAM_FOLDER}/danm`);
  const script = [
    "#!/bin/sh",
    `exec unshare --mount sh -c 'mount --bind /dev/null /usr/sbin/nft; exec nsenter --net=${netns.path} -- ${danm}'`,
  ].join("\n");
  const original = await Deno.readTextFile(`${runtime.binDir}/danm`);
  await Deno.writeTextFile(`${runtime.binDir}/danm`, script);
  const server = await scene.createPod({ ...SERVER, namespace: a });
  const { code, answer } = await scene.add(server);
  assertEquals(code, 1);
  assertStringIncludes(JSON.stringify(answer), "nftables must be installed");
  assertEquals(JSON.parse(await server.netns.ip("-json", "link", "show")).length, 1, "lo alone");
  assertEquals(await readRules(runtime.stateDir, server.sandbox.containerId), undefined);
  const web = await scene.attach({ namespace: a, labels: { app: "web" }, interfaces: ON_X });
  await scene.detach(web);

  await Deno.writeTextFile(`${runtime.binDir}/danm`, original);
  await using netwatcher = await scene.node.startNetwatcher();
  assertEquals((await scene.add(server)).code, 0);
  const { event } = networksOf(client, a);
  assertStringIncludes((await event(policy, "UnknownNetwork")).note, "-not-there, which does not exist");
  assertStringIncludes((await event(named, "UnknownPort")).note, 'port "none"');
  await eventually(
    "count them",
    async () => (await netwatcher.metric('danm_policy_failures{reason="UnknownPort"}')) === 1 || undefined,
  );
  await scene.detach(server);
});

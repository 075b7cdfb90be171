/** Every construct of policies, with packets: four Pods of two namespaces on an ipvlan and a macvlan network. */

import { assertEquals } from "@std/assert";
import type { PolicyPeer, PolicySpec } from "../../lib/api/network_policy.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createPolicedScene, type PolicedPod, type PolicedScene, preparePolicies } from "./policed_scene.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
const kubeconfig = await preparePolicies(cluster);

const BOTH = [{ on: "x", ip: "dynamic", ip6: "dynamic" }, { on: "y", ip: "dynamic", ip6: "dynamic" }];
const WEB: PolicyPeer = { podSelector: { matchLabels: { app: "web" } } };
const TEAM_B = { matchLabels: { team: "b" } };

/** What is allowed into the server, each construct by a port of its own. */
function serverPolicy(db: PolicedPod): PolicySpec {
  const [v4, v6] = db.addresses;
  return {
    podSelector: { matchLabels: { app: "server" } },
    ingress: [
      { from: [WEB], ports: [{ port: 80 }] },
      { from: [{ namespaceSelector: TEAM_B }], ports: [{ port: 81 }] },
      { from: [{ ...WEB, namespaceSelector: TEAM_B }], ports: [{ port: 82, protocol: "UDP" }] },
      {
        from: [
          { ipBlock: { cidr: "10.1.0.0/16", except: [`${v4}/32`] } },
          { ipBlock: { cidr: "2001:db8::/32", except: [`${v6}/128`] } },
        ],
        ports: [{ port: 83 }],
      },
      { ports: [{ port: 8000, endPort: 8009 }] },
      { ports: [{ port: "http" }] },
      { ports: [{ port: 84, protocol: "SCTP" }] },
      {
        from: [{ podSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["db"] }] } }],
        ports: [{ port: 85 }],
      },
    ],
  };
}

/** For each of them, who gets through: `web` and `db` of the server's namespace, `other` of the one of team b, with app: web. */
const INTO_SERVER: readonly (readonly [target: string, who: readonly string[]])[] = [
  ["tcp/80", ["web"]],
  ["tcp/81", ["other"]],
  ["udp/82", ["other"]],
  ["tcp/82", []],
  ["tcp/83", ["web", "other"]],
  ["tcp/7999", []],
  ["tcp/8000", ["web", "db", "other"]],
  ["tcp/8009", ["web", "db", "other"]],
  ["tcp/8010", []],
  ["udp/8005", []],
  ["tcp/8080", ["web", "db", "other"]], // which the server calls http
  ["sctp/84", ["web", "db", "other"]],
  ["sctp/80", []],
  ["tcp/85", ["web"]],
];

/** Targets at all addresses of a Pod that are on network x (the first two) or y; a word of a target is protocol/port. */
function at(pod: PolicedPod, target: string, places = [0, 1, 2, 3]): string[] {
  const [protocol, port] = target.split("/");
  return places.map((place) => `${protocol}/${pod.addresses[place]}/${port}`);
}

/** Probes `expected`, whatever answers and whatever does not, and looks that it is so. */
async function expectReached(
  scene: PolicedScene,
  from: PolicedPod,
  expected: ReadonlyMap<string, boolean>,
  what: string,
): Promise<void> {
  const targets = [...expected].map(([target, isReached]) => `${target}${isReached ? "!" : ""}`);
  const reached = [...expected].filter(([, isReached]) => isReached).map(([target]) => target);
  assertEquals(await scene.probe(from.netns, targets), reached.sort(), what);
}

Deno.test("policies let through what they say, and nothing else, in every construct and protocol", async () => {
  await using scene = await createPolicedScene(cluster, client, kubeconfig);
  const [a, b] = scene.namespaces;
  // On an interface that has ipvlan links there can be no macvlan.
  await scene.node.netns.ip("link", "add", "eth2", "type", "dummy");
  await scene.node.netns.ip("link", "set", "eth2", "up");
  await scene.createNetwork("x", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" }, { NetworkType: "ipvlan" });
  await scene.createNetwork("y", { cidr: "10.2.0.0/24", net6: "2001:db8:2::/64", host_device: "eth2" });
  await using _netwatcher = await scene.node.startNetwatcher();
  const pod = (namespace: string, app: string) =>
    scene.attach({
      namespace,
      labels: { app },
      interfaces: BOTH,
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
    });
  // The policies come first, so that it is danm that puts them in force, and netwatcher that adds the peers.
  const db = await pod(a, "db");
  await scene.createPolicy(a, serverPolicy(db));
  await scene.createPolicy(
    a,
    { podSelector: { matchLabels: { app: "server" } }, ingress: [{ ports: [{ port: 90 }] }] },
    "x",
  );
  await scene.createPolicy(
    a,
    { podSelector: { matchLabels: { app: "server" } }, ingress: [{ ports: [{ port: 91 }] }] },
    "y",
    "MultiNetworkPolicy",
  );
  await scene.createPolicy(a, { podSelector: { matchLabels: { app: "shut" } }, policyTypes: ["Ingress", "Egress"] });
  const [server, web, shut] = [await pod(a, "server"), await pod(a, "web"), await pod(a, "shut")];
  const other = await pod(b, "web");
  for (const [who, from] of Object.entries({ web, db, other })) {
    const expected = new Map(
      INTO_SERVER.flatMap(([target, allowed]) =>
        at(server, target).map((each) => [each, allowed.includes(who)] as const)
      ),
    );
    // The address that is excepted is the one on x; on y the block is another network's.
    for (const each of at(server, "tcp/83", [2])) expected.set(each, false);
    if (who === "db") at(server, "tcp/83", [3]).forEach((each) => expected.set(each, true));
    // A policy for one network adds to those that name none.
    at(server, "tcp/90").forEach((each, place) => expected.set(each, place < 2));
    at(server, "tcp/91").forEach((each, place) => expected.set(each, place >= 2));
    for (const each of [...at(shut, "tcp/80"), ...at(shut, "udp/80")]) expected.set(each, false);
    await expectReached(scene, from, expected, who);
  }

  // What goes out, of whoever comes from a shut Pod, and of one that may speak to some.
  await scene.createPolicy(a, {
    podSelector: { matchLabels: { app: "shy" } },
    policyTypes: ["Egress"],
    egress: [
      { to: [WEB], ports: [{ port: 80 }] },
      { to: [{ ipBlock: { cidr: `${db.addresses[0]}/32` } }], ports: [{ port: 83, protocol: "UDP" }] },
      { ports: [{ port: "http" }] },
    ],
  });
  const shy = await pod(a, "shy");
  const out = new Map<string, boolean>();
  for (const each of at(web, "tcp/80")) out.set(each, true);
  for (const each of [...at(web, "udp/80"), ...at(web, "tcp/81"), ...at(db, "tcp/80"), ...at(other, "tcp/80")]) {
    out.set(each, false);
  }
  at(db, "udp/83").forEach((each, place) => out.set(each, place === 0));
  for (const to of [web, db, other]) for (const each of at(to, "tcp/8080")) out.set(each, true);
  await expectReached(scene, shy, out, "shy");
  // It is policed in one direction only, so that answers come back.
  await expectReached(scene, web, new Map(at(shy, "tcp/22").map((each) => [each, true])), "into shy");

  // kubelet asks from an address of the node; here it comes in by the wire.
  await scene.node.netns.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore"); // two have it
  await scene.node.netns.ip("address", "add", "10.1.0.250/32", "dev", "eth2");
  await scene.outside.ip("address", "add", "10.1.0.250/24", "dev", "wire");
  await scene.outside.ip("address", "add", "10.1.0.251/24", "dev", "wire");
  await scene.createPolicy(a, { podSelector: {}, ingress: [] }, "x"); // whoever comes next looks at the node anew
  await eventually("be let in as the node", async () => {
    const reached = await scene.probe({ run: asAddress(scene, "10.1.0.250") }, at(shut, "tcp/80", [0]));
    return reached.length > 0 || undefined;
  });
  for (const each of [db, web, server, shut, other, shy]) await scene.detach(each);
});

/** Runs programs in the namespace at the end of the wire, where the first address is what they speak from. */
function asAddress({ outside }: PolicedScene, address: string) {
  return async (program: string, ...args: string[]): Promise<string> => {
    await outside.ip("route", "replace", "10.1.0.0/24", "dev", "wire", "src", address);
    return await outside.run(program, ...args);
  };
}

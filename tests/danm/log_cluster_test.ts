/** The log: a line for every call and every interface, and never a secret. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse as parseYaml } from "@std/yaml";
import type { TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

/** The part of a kubeconfig that holds secrets. */
interface Kubeconfig {
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
  readonly [field: string]: unknown;
}

type Line = Readonly<Record<string, unknown>>;

async function readLog({ runtime }: TestNode): Promise<Line[]> {
  return (await Deno.readTextFile(runtime.logFile)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Where the time of an ADD of a macvlan interface goes. */
const ADD_STEPS = [
  "call",
  "create the DanmEp",
  "list the host's links",
  "look at a network again",
  "open the namespace",
  "put rules in force",
  "read Pod and networks",
  "read policies",
  "run delegates",
  "set interfaces up",
  "take an address",
  "tell the status",
];

danmTest("logs a line with its time for every call and every interface", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await node.createNetwork("lost", { cidr: "10.2.0.0/24", host_device: "nodevice0" });
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.5" }, { network: "a", ip: "none" }]);
  await using failing = await node.createContainer([{ network: "a", ip: "10.1.0.6" }, { network: "lost", ip: "none" }]);
  await node.attach(container);
  await node.check(container);
  await node.detach(container);
  const message = await node.attachFails(failing);
  await node.collectGarbage([]);

  const lines = await readLog(node);
  for (const { time, ms } of lines) {
    assertMatch(String(time), /^\d{4}-\d\d-\d\dT/);
    assertEquals(Number.isInteger(ms), true);
  }
  const { pod } = container.sandbox;
  const common = { container: container.sandbox.containerId, pod: `${pod.namespace}/${pod.name}` };
  const network = `DanmNet ${node.namespace}/a`;
  const told = lines.map(({ time: _time, ms: _ms, ...line }) => line);
  const ofInterface = (line: Line) => "interface" in line ? String(line.interface) : "";
  const of = (command: string, containerId: string) =>
    told.filter((line) => line.command === command && line.container === containerId)
      .sort((a, b) => ofInterface(b).localeCompare(ofInterface(a))).reverse();
  assertEquals(of("ADD", common.container), [
    { level: "info", message: "done", command: "ADD", ...common },
    {
      level: "info",
      message: "attached",
      command: "ADD",
      ...common,
      interface: "eth0",
      network,
      addresses: ["10.1.0.5/24"],
    },
    { level: "info", message: "attached", command: "ADD", ...common, interface: "eth1", network, addresses: [] },
  ]);
  assertEquals(of("CHECK", common.container).map(({ message }) => message), ["done"]);
  assertEquals(of("DEL", common.container), [
    { level: "info", message: "done", command: "DEL", ...common },
    { level: "info", message: "detached", command: "DEL", ...common, interface: "eth0" },
    { level: "info", message: "detached", command: "DEL", ...common, interface: "eth1" },
  ]);
  assertEquals(told.filter(({ command }) => command === "GC"), [{ level: "info", message: "done", command: "GC" }]);

  const failure = told.filter(({ command, container: id }) => command === "ADD" && id === failing.sandbox.containerId);
  assertEquals(failure.at(-1)?.level, "error");
  assertEquals(failure.at(-1)?.message, message);
  const reasons = failure.filter(({ level }) => level === "warning").map((
    { interface: name, reason },
  ) => [name, reason]);
  assertEquals(reasons.map(([name]) => name), ["eth1"]);
  assertStringIncludes(String(reasons[0]?.[1]), "host interface nodevice0");
});

danmTest("logs no token and no key, whatever goes wrong", async (node) => {
  const account = { namespace: node.namespace, name: "danm" };
  const tokenFile = await node.cluster.kubeconfigFor(account);
  await node.cluster.kubectl(
    "create",
    "clusterrolebinding",
    node.namespace,
    "--clusterrole=cluster-admin",
    `--serviceaccount=${account.namespace}:${account.name}`,
  );
  const read = async (path: string) => parseYaml(await Deno.readTextFile(path)) as Kubeconfig;
  const [withToken, withKey] = await Promise.all([read(tokenFile), read(node.cluster.kubeconfig)]);
  const token = withToken.users[0].user["token"]!;
  const key = withKey.users[0].user["client-key-data"]!;
  const secrets = [token, key, ...atob(key).split("\n").filter((line) => line !== "" && !line.startsWith("-----"))];

  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const spoil: readonly ((config: Kubeconfig) => unknown)[] = [
    (config) => ({ ...config, clusters: [{ name: "test", cluster: { server: "https://127.0.0.1:1" } }] }),
    (config) => ({ ...config, "current-context": "other" }),
    ({ users: [{ user }], ...config }) => {
      const spoilt = Object.fromEntries(Object.entries(user).map(([name, value]) => [name, `${value.slice(0, -60)} `]));
      return { ...config, users: [{ name: "test", user: spoilt }] };
    },
    ({ users: [{ user }], ...config }) => ({
      ...config,
      users: [{ name: "test", user: { ...user, "client-certificate-data": undefined, token: [user["token"]] } }],
    }),
    (config) => `${JSON.stringify(config)}\n]`,
    (config) => JSON.stringify(config).slice(0, -10),
  ];
  for (const kubeconfig of [tokenFile, node.cluster.kubeconfig]) {
    await node.attach(container, { kubeconfig, logLevel: "debug" });
    await node.detach(container, { kubeconfig, logLevel: "debug" });
  }
  const steps = (await readLog(node)).filter(({ message }) => message === "step");
  const namesOf = (
    verb: string,
  ) => [...new Set(steps.filter(({ command }) => command === verb).map(({ step }) => step))];
  assertEquals(namesOf("ADD").sort(), ADD_STEPS);
  assertEquals(namesOf("DEL").sort(), ["call", "delete the DanmEp", "release addresses", "remove the link"]);
  const spoilt = [withToken, withKey].flatMap((source) => spoil.map((change) => change(source)));
  const said = await Promise.all(spoilt.map(async (config, index) => {
    const kubeconfig = `${node.runtime.folder}/spoilt-${index}.kubeconfig`;
    await Deno.writeTextFile(kubeconfig, typeof config === "string" ? config : JSON.stringify(config));
    const sandbox = { ...container.sandbox, containerId: `${container.sandbox.containerId}-${index}` };
    const changes = { kubeconfig, cniVersion: "1.1.0", timeout: 2, logLevel: "debug" };
    const outcomes = await Promise.all(["ADD", "STATUS"].map((verb) => node.runtime.call(verb, sandbox, changes)));
    return outcomes.map(({ answer, stderr }) => JSON.stringify(answer) + stderr).join("\n");
  }));
  said.push(await Deno.readTextFile(node.runtime.logFile));
  const all = said.join("\n");
  assertEquals(all.includes("Cannot read kubeconfig") && all.includes("attached"), true);
  assertEquals(secrets.filter((secret) => all.includes(secret.slice(0, 40))), []);
});

danmTest("attaches though its log cannot be written, and says so", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  for (const logFile of [node.runtime.folder, "/nowhere/danm.log", "/dev/full"]) {
    await node.attach(container, { logFile });
    const { code, stderr } = await node.runtime.call("DEL", container.sandbox, { logFile });
    assertEquals(code, 0);
    assertStringIncludes(stderr, `Cannot write log ${logFile}`);
  }
});

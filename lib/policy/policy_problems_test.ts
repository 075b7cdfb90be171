import { assertEquals } from "@std/assert";
import type { PolicySpec } from "../api/network_policy.ts";
import { parseAddress } from "../net/address.ts";
import { viewPolicy } from "./policy_view.ts";
import { policyProblems } from "./policy_problems.ts";
import type { NamedPort, PolicyWorld } from "./policy_world.ts";

const NETWORK = "DanmNet/a/x";

function world(pods: Readonly<Record<string, readonly NamedPort[]>>): PolicyWorld {
  const names = Object.keys(pods);
  const interfaces = names.map((name, index) => ({
    pod: { namespace: "a", name },
    addresses: [parseAddress(`10.0.0.${index + 1}`)!],
    ports: pods[name]!,
  }));
  return {
    policies: [],
    namespaces: new Map([["a", {}]]),
    pods: new Map(names.map((name) => [`a/${name}`, { app: name }])),
    interfaces: new Map([[NETWORK, interfaces]]),
  };
}

function problemsOf(spec: PolicySpec, pods: Parameters<typeof world>[0], annotations = {}): string[] {
  const metadata = { name: "p", namespace: "a", uid: "u", annotations };
  const policy = viewPolicy({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec });
  return policyProblems(policy, world(pods), (key) => key === NETWORK).map(({ reason, note }) => `${reason}: ${note}`);
}

const HTTP: NamedPort = { name: "http", protocol: "tcp", port: 8080 };
const toHttp = [{ port: "http" }];
const web = { podSelector: { matchLabels: { app: "web" } } };
const noPort = 'UnknownPort: it allows port "http", which no Pod that it would be allowed to has';

const CASES: readonly [string, PolicySpec, Parameters<typeof world>[0], string[]][] = [
  ["a Pod it polices has the port", { ingress: [{ ports: toHttp }] }, { web: [HTTP], db: [] }, []],
  ["no Pod has it", { ingress: [{ ports: toHttp }] }, { web: [], db: [] }, [noPort]],
  ["one that it does not police has it", { ...web, ingress: [{ ports: toHttp }] }, { web: [], db: [HTTP] }, [noPort]],
  [
    "it has the name for another protocol",
    { ingress: [{ ports: [{ port: "http", protocol: "UDP" }] }] },
    { web: [HTTP] },
    [noPort],
  ],
  ["there is no Pod at all", { ingress: [{ ports: toHttp }] }, {}, []],
  ["a peer has it", { ...web, egress: [{ ports: toHttp }] }, { web: [], db: [HTTP] }, []],
  ["another than the peers has it", { egress: [{ to: [web], ports: toHttp }] }, { web: [], db: [HTTP] }, [noPort]],
  ["ports by number", { ingress: [{ ports: [{ port: 1 }] }] }, { web: [] }, []],
  [
    "it cannot be read",
    { ingress: [{ from: [{ ipBlock: { cidr: "x" } }] }] },
    {},
    ['Invalid: ingress[0] has ipBlock "x", must be a CIDR'],
  ],
];

for (const [what, spec, pods, expected] of CASES) {
  Deno.test(`policyProblems() tells what cannot be: ${what}`, () => assertEquals(problemsOf(spec, pods), expected));
}

Deno.test("policyProblems() tells networks that do not exist", () => {
  const annotations = { "danm.k8s.io/policy-for": "network/x, network/y" };
  assertEquals(problemsOf({}, {}, annotations), ["UnknownNetwork: it is for DanmNet/a/y, which does not exist"]);
});

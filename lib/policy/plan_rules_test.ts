import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LabelSelector, PolicyPeer, PolicyPort, PolicySpec } from "../api/network_policy.ts";
import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import { contains } from "../net/subnet.ts";
import type { AllowRule, InterfaceRules } from "./interface_rules.ts";
import { planRules } from "./plan_rules.ts";
import { type Policy, viewPolicy } from "./policy_view.ts";
import { podKey, type PolicedInterface, type PolicyWorld } from "./policy_world.ts";
import { mayPass, type Packet, type TestCluster, type TestPod } from "./reference_evaluator.ts";

const NETWORKS = ["DanmNet/a/x", "ClusterNetwork/y"] as const;
const address = (text: string) => parseAddress(text)!;

/** Whether `rules` let a first packet through: what nftables makes of them. */
function lets(rules: InterfaceRules | undefined, direction: "ingress" | "egress", packet: Packet): boolean {
  const allowed = rules?.[direction];
  return allowed === undefined || allowed.some((rule) => isWith(rule, packet) && isTo(rule, packet));
}

function isWith({ peers }: AllowRule, { peer }: Packet): boolean {
  return peers === undefined || peers.pods.some((pod) => isSame(pod, peer)) ||
    peers.subnets.some((subnet) => contains(subnet, peer));
}

function isTo({ ports }: AllowRule, { peer, protocol, port }: Packet): boolean {
  return ports === undefined ||
    ports.ranges.some((range) => range.protocol === protocol && range.first <= port && port <= range.last) ||
    (ports.named ?? []).some((named) =>
      isSame(named.address, peer) && named.protocol === protocol && named.port === port
    );
}

const isSame = (a: Address, b: Address) => a.family === b.family && a.value === b.value;

function worldOf({ policies, namespaces, pods }: TestCluster): PolicyWorld {
  return {
    policies: policies.map(viewPolicy),
    namespaces: new Map(Object.entries(namespaces)),
    pods: new Map(pods.map((pod) => [podKey(pod), pod.labels])),
    interfaces: new Map(NETWORKS.map((network) => [
      network,
      pods.filter(({ addresses }) => addresses[network])
        .map((pod) => ({ pod, addresses: pod.addresses[network]!, ports: pod.ports })),
    ])),
  };
}

function interfaceOf(pod: TestPod, network: string): PolicedInterface {
  return { name: "eth1", network, isOwn: true, pod, addresses: pod.addresses[network] ?? [], ports: pod.ports };
}

const anyLabels = fc.record({ app: fc.constantFrom("web", "db"), tier: fc.constantFrom("a", "b") }, {
  requiredKeys: [],
}) as fc.Arbitrary<Record<string, string>>;
const anyKey = fc.constantFrom("app", "tier");
const anySelector: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: anyLabels,
  matchExpressions: fc.array(
    fc.oneof(
      fc.record({
        key: anyKey,
        operator: fc.constantFrom("In", "NotIn"),
        values: fc.subarray(["web", "db", "a"], { minLength: 1 }),
      }),
      fc.record({ key: anyKey, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    ),
    { maxLength: 1 },
  ),
}, { requiredKeys: [] }) as fc.Arbitrary<LabelSelector>;
const anyPeer: fc.Arbitrary<PolicyPeer> = fc.oneof(
  fc.record({ podSelector: anySelector }),
  fc.record({ namespaceSelector: anySelector }),
  fc.record({ podSelector: anySelector, namespaceSelector: anySelector }),
  fc.record({
    ipBlock: fc.record({
      cidr: fc.constantFrom("10.0.0.0/24", "10.0.0.0/29", "0.0.0.0/0"),
      except: fc.subarray(["10.0.0.4/30", "10.0.0.1/32"]),
    }),
  }),
  fc.record({
    ipBlock: fc.record({
      cidr: fc.constantFrom("2001:db8::/64", "::/0"),
      except: fc.subarray(["2001:db8::2/127"]),
    }),
  }),
);
const anyPort: fc.Arbitrary<PolicyPort> = fc.oneof(
  fc.record({ protocol: fc.constantFrom("TCP", "UDP", "SCTP"), port: fc.constantFrom(80, 81) }, { requiredKeys: [] }),
  fc.constant({ port: 79, endPort: 81 } as const),
  fc.record({ protocol: fc.constantFrom("TCP", "UDP"), port: fc.constantFrom("http", "dns") }, {
    requiredKeys: ["port"],
  }),
) as fc.Arbitrary<PolicyPort>;
const anyRule = <Key extends string>(key: Key) =>
  fc.record({ [key]: fc.array(anyPeer, { maxLength: 2 }), ports: fc.array(anyPort, { maxLength: 2 }) }, {
    requiredKeys: [],
  });
const anySpec = fc.record({
  podSelector: anySelector,
  policyTypes: fc.subarray(["Ingress", "Egress"]),
  ingress: fc.array(anyRule("from"), { maxLength: 2 }),
  egress: fc.array(anyRule("to"), { maxLength: 2 }),
}, { requiredKeys: ["podSelector"] }) as fc.Arbitrary<PolicySpec>;

const anyPods: fc.Arbitrary<TestPod[]> = fc.array(
  fc.record({
    namespace: fc.constantFrom("a", "b"),
    labels: anyLabels,
    networks: fc.subarray([...NETWORKS], { minLength: 1 }),
    ports: fc.subarray([
      { name: "http", protocol: "tcp", port: 80 },
      { name: "http", protocol: "udp", port: 81 },
      { name: "dns", protocol: "udp", port: 80 },
    ]),
  }),
  { minLength: 1, maxLength: 5 },
).map((pods) =>
  pods.map(({ networks, ...pod }, index) => ({
    ...pod,
    name: `pod-${index}`,
    addresses: Object.fromEntries(
      networks.map((network) => [network, [address(`10.0.0.${index + 1}`), address(`2001:db8::${index + 1}`)]]),
    ),
  })) as TestPod[]
);

const anyCluster: fc.Arbitrary<TestCluster> = fc.record({
  policies: fc.array(fc.tuple(fc.constantFrom("a", "b"), anySpec), { maxLength: 3 }).map((policies) =>
    policies.map(([namespace, spec], index): Policy => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `p${index}`, namespace, uid: `uid-${index}` },
      spec,
    }))
  ),
  namespaces: fc.record({ a: anyLabels, b: anyLabels }),
  pods: anyPods,
});

Deno.test("planRules() lets through what the API's documentation says, and nothing else", () => {
  const peers = ["10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.77", "10.9.9.9", "2001:db8::1", "2001:db8::3", "2001::9"];
  fc.assert(
    fc.property(anyCluster, (cluster) => {
      const world = worldOf(cluster);
      const memory = new Map();
      for (const pod of cluster.pods) {
        for (const network of NETWORKS.filter((network) => pod.addresses[network])) {
          const rules = planRules(world, interfaceOf(pod, network), memory);
          for (const direction of ["ingress", "egress"] as const) {
            for (const peer of peers.map(address)) {
              for (const protocol of ["tcp", "udp", "sctp"] as const) {
                for (const port of [79, 80, 81, 443]) {
                  const packet = { network, peer, protocol, port };
                  assertEquals(
                    lets(rules, direction, packet),
                    mayPass(cluster, pod, direction, packet),
                    `${pod.name} on ${network}, ${direction} ${formatAddress(peer)} ${protocol} ${port}`,
                  );
                }
              }
            }
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

function policy(
  spec: PolicySpec,
  annotations: Record<string, string> = {},
  kind: Policy["kind"] = "NetworkPolicy",
): Policy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind,
    metadata: { name: "p", namespace: "a", uid: "uid", annotations },
    spec,
  };
}

const POD: TestPod = {
  namespace: "a",
  name: "pod",
  labels: { app: "web" },
  addresses: { "DanmNet/a/x": [address("10.0.0.1")], "ClusterNetwork/y": [address("10.1.0.1")] },
  ports: [],
};

/** Whether a policy holds on an interface of {@link POD}. */
function holds(of: Policy, network: string, isOwn = true): boolean {
  const world = worldOf({ policies: [of], namespaces: { a: {} }, pods: [POD] });
  return planRules(world, { ...interfaceOf(POD, network), isOwn }) !== undefined;
}

const FOR = "danm.k8s.io/policy-for";
const STANDARD = "k8s.v1.cni.cncf.io/policy-for";
const HOLDS: readonly [string, Record<string, string>, Policy["kind"], string, boolean, boolean][] = [
  ["no annotation, own interface", {}, "NetworkPolicy", "DanmNet/a/x", true, true],
  ["no annotation, a delegate's interface", {}, "NetworkPolicy", "DanmNet/a/x", false, false],
  ["named network", { [FOR]: "network/x" }, "NetworkPolicy", "DanmNet/a/x", false, true],
  [
    "named network under the other prefix",
    { "danm.io/policy-for": "network/x" },
    "NetworkPolicy",
    "DanmNet/a/x",
    true,
    true,
  ],
  ["another network named", { [FOR]: "network/z" }, "NetworkPolicy", "DanmNet/a/x", true, false],
  ["several named", { [FOR]: " network/z , clusterNetwork/y" }, "NetworkPolicy", "ClusterNetwork/y", true, true],
  ["kind in other case", { [FOR]: "CLUSTERNETWORK/y" }, "NetworkPolicy", "ClusterNetwork/y", true, true],
  ["kind mistaken", { [FOR]: "network/y" }, "NetworkPolicy", "ClusterNetwork/y", true, false],
  ["one of two cannot be read", { [FOR]: "nonsense, network/x" }, "NetworkPolicy", "DanmNet/a/x", true, true],
  ["nothing can be read", { [FOR]: "nonsense" }, "NetworkPolicy", "DanmNet/a/x", true, false],
  [
    "definition of its own namespace",
    { [STANDARD]: "m" },
    "MultiNetworkPolicy",
    "NetworkAttachmentDefinition/a/m",
    false,
    true,
  ],
  [
    "definition of another",
    { [STANDARD]: "b/m" },
    "MultiNetworkPolicy",
    "NetworkAttachmentDefinition/b/m",
    false,
    true,
  ],
  ["multi without annotation", {}, "MultiNetworkPolicy", "DanmNet/a/x", true, false],
  ["multi in DANM's words", { [FOR]: "network/x" }, "MultiNetworkPolicy", "DanmNet/a/x", false, true],
];

for (const [what, annotations, kind, network, isOwn, expected] of HOLDS) {
  Deno.test(`planRules() knows where a policy holds: ${what}`, () => {
    assertEquals(holds(policy({ podSelector: {} }, annotations, kind), network, isOwn), expected);
  });
}

const WRONG: readonly [PolicySpec, string][] = [
  [{ ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0" } }] }] }, 'ingress[0] has ipBlock "10.0.0.0", must be a CIDR'],
  [
    { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["x"] } }] }] },
    'ingress[0] has ipBlock "x", must be a CIDR',
  ],
  [{ ingress: [{ from: [{}] }] }, 'ingress[0] has ipBlock "", must be a CIDR'],
  [{ ingress: [{ ports: [{ port: 90, endPort: 80 }] }] }, "ingress[0] has ports 90 to 80, must be numbers"],
  [{ ingress: [{ ports: [{ port: "http", endPort: 80 }] }] }, 'ingress[0] has endPort with port "http"'],
  [{ egress: [{ ports: [{ port: 70000 }] }], policyTypes: ["Egress"] }, "egress[0] has ports 70000 to 70000"],
  [
    { ingress: [{ ports: [{ protocol: "ICMP" as "TCP" }] }] },
    'ingress[0] has protocol "ICMP", must be TCP, UDP or SCTP',
  ],
];

Deno.test("viewPolicy() says what cannot be read, which then allows nothing", () => {
  for (const [spec, problem] of WRONG) {
    const of = policy({ podSelector: {}, ...spec });
    assertEquals(viewPolicy(of).problems.filter((text) => text.startsWith(problem)).length, 1, problem);
    const world = worldOf({ policies: [of], namespaces: { a: {} }, pods: [POD] });
    const rules = planRules(world, interfaceOf(POD, "DanmNet/a/x"));
    const direction = spec.egress ? "egress" : "ingress";
    const packet = { network: "DanmNet/a/x", peer: address("10.0.0.1"), protocol: "tcp", port: 80 } as const;
    assertEquals(lets(rules, direction, packet), false, problem);
  }
});

import { assertEquals } from "@std/assert";
import type { IpFamily } from "../api/address_block.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import type { Endpoint } from "../api/endpoint_slice.ts";
import { endpointPorts, endpointsOf, selects, type ServicePod, viewInterface, viewPod } from "./service_endpoints.ts";
import {
  demandingService,
  podWith,
  testInterface,
  testPod,
  type TestPodSettings,
  type TestService,
} from "./test_service.ts";

function endpoints(pods: readonly ServicePod[], family: IpFamily = "IPv4", special: TestService = {}) {
  const service = demandingService(special);
  return endpointsOf(service, service.demand, pods, family);
}

const addresses = (found: readonly Endpoint[]) => found.map(({ addresses }) => addresses[0]);

Deno.test("endpointsOf() tells of an address with its Pod and node", () => {
  const pod = podWith(testPod("a"), testInterface("a", { ip: "10.0.0.1/24" }));
  assertEquals(endpoints([pod]), {
    endpoints: [{
      addresses: ["10.0.0.1"],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: "node-1",
      targetRef: { kind: "Pod", namespace: "ns", name: "a", uid: "uid-a" },
    }],
    unusable: [],
  });
});

Deno.test("endpointsOf() takes the interfaces on the networks named, by kind and name", () => {
  const pod = podWith(
    testPod("a"),
    testInterface("a", { ip: "10.0.0.1/24" }, { name: "a" }),
    testInterface("a", { ip: "10.0.0.2/24" }, { name: "b" }),
    testInterface("a", { ip: "10.0.0.3/24" }, { name: "a", kind: "TenantNetwork" }),
    testInterface("a", { ip: "10.0.0.4/24" }, { name: "c", kind: "ClusterNetwork" }),
    testInterface("a", { ip: "10.0.0.5/24" }, { name: "a" }),
  );
  const cases: readonly (readonly [Record<string, string>, readonly string[]])[] = [
    [{ network: "a" }, ["10.0.0.1", "10.0.0.5"]],
    [{ network: "a,b" }, ["10.0.0.1", "10.0.0.2", "10.0.0.5"]],
    [{ tenantNetwork: "a" }, ["10.0.0.3"]],
    [{ clusterNetwork: "a" }, []],
    [{ clusterNetwork: "c", network: "b" }, ["10.0.0.2", "10.0.0.4"]],
  ];
  for (const [networks, expected] of cases) {
    const named = Object.entries(networks).map(([key, value]) => [`danm.k8s.io/${key}`, value]);
    const annotations = { "danm.k8s.io/selector": '{"app":"web"}', ...Object.fromEntries(named) };
    assertEquals(addresses(endpoints([pod], "IPv4", { annotations }).endpoints), expected, JSON.stringify(networks));
  }
});

Deno.test("endpointsOf() keeps the families apart, and passes over interfaces without an address", () => {
  const pod = podWith(
    testPod("a"),
    testInterface("a", { ip: "10.0.0.1/24", ip6: "2001:DB8:0::1/64" }),
    testInterface("a", { ip: "none", ip6: "none" }),
    testInterface("a", {}),
  );
  assertEquals(addresses(endpoints([pod], "IPv4").endpoints), ["10.0.0.1"]);
  assertEquals(addresses(endpoints([pod], "IPv6").endpoints), ["2001:db8::1"]);
});

const CONDITIONS: readonly (readonly [TestPodSettings, boolean, readonly boolean[]])[] = [
  [{}, false, [true, true, false]],
  [{ ready: false }, false, [false, false, false]],
  [{ ready: false }, true, [true, false, false]],
  [{ terminating: true }, false, [false, true, true]],
  [{ terminating: true, ready: false }, false, [false, false, true]],
  [{ terminating: true }, true, [true, true, true]],
];

Deno.test("endpointsOf() says of a Pod what EndpointConditions mean", () => {
  for (const [settings, publishNotReadyAddresses, expected] of CONDITIONS) {
    const pod = podWith(testPod("a", settings), testInterface("a", { ip: "10.0.0.1/24" }));
    const [endpoint] = endpoints([pod], "IPv4", { publishNotReadyAddresses }).endpoints;
    const { ready, serving, terminating } = endpoint?.conditions ?? {};
    assertEquals([ready, serving, terminating], expected, JSON.stringify([settings, publishNotReadyAddresses]));
  }
});

Deno.test("endpointsOf() has nothing of Pods that have ended, nor of DanmEps of another Pod of that name", () => {
  const address = { ip: "10.0.0.1/24" };
  for (const phase of ["Succeeded", "Failed"]) {
    assertEquals(endpoints([podWith(testPod("a", { phase }), testInterface("a", address))]).endpoints, []);
  }
  assertEquals(endpoints([podWith(testPod("a"), testInterface("a", address, { uid: "earlier" }))]).endpoints, []);
});

Deno.test("viewInterface() and endpointsOf() get along with what records of the original system lack", () => {
  const record = (Interface?: object) => {
    const spec = { Pod: "a", apiType: "DanmNet", NetworkName: "net", ...(Interface && { Interface }) };
    return viewInterface({ metadata: { name: "old", namespace: "ns" }, spec } as DanmEp);
  };
  const pod = podWith(
    testPod("a"),
    record({ Name: "eth0", Address: "10.0.0.1/24" }),
    record({ Name: "eth1" }),
    record(),
  );
  assertEquals(addresses(endpoints([pod]).endpoints), ["10.0.0.1"]);
});

Deno.test("endpointsOf() names the host of a Pod whose subdomain is the Service", () => {
  const hosts = [{ hostname: "h", subdomain: "web" }, { hostname: "h", subdomain: "db" }, { subdomain: "web" }]
    .map((settings) => podWith(testPod("a", settings), testInterface("a", { ip: "10.0.0.1/24" })))
    .map((pod) => endpoints([pod]).endpoints[0]?.hostname);
  assertEquals(hosts, ["h", undefined, undefined]);
});

Deno.test("endpointsOf() leaves out what the API server would refuse the whole slice for, and says so", () => {
  const pods = ["169.254.1.1/16", "10.0.0.1/24", "127.0.0.1/8", "224.0.0.5/24"].map((ip, index) =>
    podWith(testPod(`p${index}`), testInterface(`p${index}`, { ip, ip6: index === 0 ? "fe80::1/64" : "" }))
  );
  const { endpoints: found, unusable } = endpoints(pods);
  assertEquals([addresses(found), unusable], [["10.0.0.1"], ["169.254.1.1", "127.0.0.1", "224.0.0.5"]]);
  assertEquals(endpoints(pods, "IPv6").unusable, ["fe80::1"]);
});

Deno.test("endpointsOf() lists an address of a Pod once, and of two Pods twice", () => {
  const twice = [testInterface("a", { ip: "10.0.0.1/24" }), testInterface("a", { ip: "10.0.0.1/16" })];
  const pods = [podWith(testPod("a"), ...twice), podWith(testPod("b"), testInterface("b", { ip: "10.0.0.1/24" }))];
  assertEquals(endpoints(pods).endpoints.map(({ targetRef }) => targetRef?.name), ["a", "b"]);
});

Deno.test("endpointPorts() has the Service's ports, not those that targetPort names", () => {
  const ports = [
    { name: "sig", port: 2905, protocol: "SCTP", targetPort: 1 },
    { name: "http", port: 80, targetPort: "named", appProtocol: "http" },
  ];
  assertEquals(endpointPorts(demandingService({ ports }).demand), [
    { name: "sig", port: 2905, protocol: "SCTP" },
    { name: "http", port: 80, protocol: "TCP", appProtocol: "http" },
  ]);
  assertEquals(endpointPorts(demandingService({ ports: [{ port: 80 }] }).demand)[0]?.name, "");
});

Deno.test("endpointsOf() knows a static Pod by kubelet's UID, whichever copy of it the API has", () => {
  const annotations = { "kubernetes.io/config.mirror": "file-uid" };
  for (const uid of ["copy-1", "copy-2"]) {
    const pod = podWith(
      testPod("a", { uid, annotations }),
      testInterface("a", { ip: "10.0.0.1/24" }, { uid: "file-uid" }),
      testInterface("a", { ip: "10.0.0.9/24" }, { uid: "other-uid" }),
    );
    const found = endpoints([pod]).endpoints;
    assertEquals(found.map(({ addresses, targetRef }) => [addresses[0], targetRef?.uid]), [["10.0.0.1", uid]]);
  }
});

Deno.test("endpointsOf() tells of a Pod's newest sandbox alone", () => {
  const early = { sandbox: "c1", creationTimestamp: "2026-01-01T00:00:59Z", resourceVersion: "998" };
  const late = { sandbox: "c2", creationTimestamp: "2026-01-01T00:01:00Z", resourceVersion: "1001" };
  const sameSecond = { ...late, creationTimestamp: early.creationTimestamp };
  for (const now of [late, sameSecond]) {
    const interfaces = [
      testInterface("a", { ip: "10.0.0.2/24" }, now),
      testInterface("a", { ip: "10.0.0.1/24" }, early),
      testInterface("a", { ip: "10.0.0.3/24" }, { ...now, resourceVersion: "1002" }),
    ];
    for (const order of [interfaces, interfaces.toReversed()]) {
      assertEquals(addresses(endpoints([podWith(testPod("a"), ...order)]).endpoints).sort(), ["10.0.0.2", "10.0.0.3"]);
    }
  }
});

Deno.test("endpointsOf() tells of none when a Pod's newest sandbox is on other networks", () => {
  const pod = podWith(
    testPod("a"),
    testInterface("a", { ip: "10.0.0.1/24" }, { sandbox: "c1", creationTimestamp: "2026-01-01T00:00:00Z" }),
    testInterface("a", { ip: "10.0.0.2/24" }, { sandbox: "c2", creationTimestamp: "2026-01-01T00:00:09Z", name: "b" }),
    testInterface("a", { ip: "10.0.0.3/24" }, {
      sandbox: "c3",
      creationTimestamp: "2026-01-01T00:00:10Z",
      uid: "earlier Pod",
    }),
  );
  assertEquals(endpoints([pod]).endpoints, []);
});

Deno.test("selects() goes by all labels of the selector and no others", () => {
  const { demand } = demandingService({
    annotations: { "danm.k8s.io/selector": '{"app":"web","tier":"a"}', "danm.k8s.io/network": "net" },
  });
  const labelled = (labels: Record<string, string>) => {
    const pod = testPod("a");
    return viewPod({ ...pod, metadata: { ...pod.metadata, labels } });
  };
  assertEquals(selects(demand, labelled({ app: "web", tier: "a", team: "x" })), true);
  assertEquals(selects(demand, labelled({ app: "web" })), false);
  assertEquals(selects(demand, labelled({ app: "web", tier: "b" })), false);
  assertEquals(selects(demand, labelled({})), false);
});

import { assertEquals, assertThrows } from "@std/assert";
import type { Network } from "../../api/network.ts";
import { formatAddress } from "../../net/address.ts";
import { EntryError } from "../annotation.ts";
import { assignDevices } from "../device_assignment.ts";
import { InterfaceNameError } from "../interface_names.ts";
import { InterfacePlanError, planInterfaces } from "../interface_plan.ts";
import type { DefinitionWish, InterfaceWish } from "../interface_wish.ts";
import { formatRoute } from "../route.ts";
import { parseNetworkSelections } from "./network_selection.ts";
import { selectedRequest } from "./own_request.ts";

/** What a Pod asks for by an entry of the annotation, at its place. */
function wish(entry: object, place: number, annotations: Readonly<Record<string, string>> = {}): DefinitionWish {
  const [selection] = parseNetworkSelections("annotation", JSON.stringify([{ name: "a", ...entry }]));
  return {
    selected: {
      definition: {
        apiVersion: "k8s.cni.cncf.io/v1",
        kind: "NetworkAttachmentDefinition",
        metadata: { namespace: "ns", name: "a", uid: "1", annotations },
      },
      selection: selection!,
      place,
    },
    chain: { configs: [{ cniVersion: "1.0.0", name: "a", type: "MacVlan" }], disableCheck: false },
    links: [],
  };
}

/** An interface to a network of DANM, as the Pod's annotation asks for it or, with `entry`, a definition of type danm. */
function ownWish(entry?: object): InterfaceWish {
  const network: Network = {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { namespace: "ns", name: "net", uid: "2" },
    spec: {
      NetworkType: "macvlan",
      Options: {
        host_device: "ens1",
        cidr: "10.0.0.0/24",
        routes: { "0.0.0.0/0": "10.0.0.1", "10.9.0.0/16": "10.0.0.1" },
      },
    },
  };
  const request = selectedRequest({ network: "net", ip: "dynamic" }, { name: "a", warnings: [] });
  return { request, network, ...(entry && { selected: wish(entry, 1).selected }) };
}

const plan = (...wishes: InterfaceWish[]) => planInterfaces(wishes, "ns", "eth0", "numbered");

Deno.test("planInterfaces() calls definitions net1, net2 by their places, whatever comes before them", () => {
  const plans = plan(ownWish(), ownWish(), wish({}, 1), wish({ interface: "data0" }, 2), wish({}, 3));
  assertEquals(plans.map(({ index, name }) => `${index} ${name}`), ["0 eth0", "1 eth1", "2 net1", "3 data0", "4 net3"]);
  assertEquals(plan(wish({}, 0), wish({}, 1)).map(({ name }) => name), ["eth0", "net1"]);
});

Deno.test("planInterfaces() plans the plugins' own addresses, and the device pool that the definition names", () => {
  const resource = { "k8s.v1.cni.cncf.io/resourceName": " intel.com/vf " };
  const { terms, usesOwnIpam, addresses, network } = plan(wish({}, 0, resource))[0]!;
  assertEquals([usesOwnIpam, addresses, network.kind], [true, [], "NetworkAttachmentDefinition"]);
  assertEquals([terms.type, terms.devicePool], ["macvlan", "intel.com/vf"]);
});

Deno.test("planInterfaces() says what is left out of a selection", () => {
  assertEquals(plan(wish({ "x/y": 1 }, 0))[0]?.warnings.length, 1);
  assertEquals(plan(ownWish({ "x/y": 1 }))[0]?.warnings.length, 1);
});

Deno.test("planInterfaces() refuses names that exclude each other", () => {
  const problem = (...wishes: InterfaceWish[]) => assertThrows(() => plan(...wishes), InterfaceNameError).message;
  assertEquals(
    problem(ownWish(), wish({ interface: "eth0" }, 1)),
    'Cannot name interface 1: it is "eth0", must differ from the name of interface 0',
  );
  assertEquals(
    problem(wish({ interface: "net5" }, 0)),
    'Cannot name interface 0: the Pod calls it "net5", must be "eth0" or without a name',
  );
  assertEquals(plan(wish({ interface: "eth0" }, 0))[0]?.name, "eth0");
});

Deno.test("planInterfaces() puts the default routes that a Pod asks for in the place of the network's own", () => {
  const routesOf = (one: InterfaceWish) => plan(one)[0]!.terms.routes.map(formatRoute);
  assertEquals(routesOf(wish({ "default-route": ["10.0.0.7", "fe80::1"] }, 0)), [
    "0.0.0.0/0 via 10.0.0.7",
    "::/0 via fe80::1",
  ]);
  assertEquals(routesOf(wish({ "default-route": [] }, 0)), []);
  assertEquals(routesOf(ownWish({ "default-route": ["10.0.0.7"] })), [
    "10.9.0.0/16 via 10.0.0.1",
    "0.0.0.0/0 via 10.0.0.7",
  ]);
  assertThrows(
    () => plan(wish({ "default-route": ["10.0.0.7"] }, 0), wish({ "default-route": ["10.0.0.8"] }, 1)),
    InterfacePlanError,
    "Cannot attach interface 1 to NetworkAttachmentDefinition ns/a: key default-route has an IPv4 gateway, and so has that " +
      "of interface 0 to NetworkAttachmentDefinition ns/a: there can be only one",
  );
  assertEquals(plan(wish({ "default-route": ["10.0.0.7"] }, 0), wish({ "default-route": ["fe80::1"] }, 1)).length, 2);
});

Deno.test("assignDevices() gives definitions the devices that there are, and is content with fewer", () => {
  const pool = { "k8s.v1.cni.cncf.io/resourceName": "p" };
  const plans = plan(wish({}, 0, pool), wish({}, 1), wish({}, 2, pool), wish({}, 3, pool));
  assertEquals([...assignDevices(plans, new Map([["p", ["x", "y"]]]))], [[0, "x"], [2, "y"]]);
  assertEquals(assignDevices(plans, new Map()).size, 0);
});

const IP4 = { kind: "static", address: { family: 4, value: 0x0a000005n } } as const;

Deno.test("selectedRequest() lets a Pod name its addresses, in the place of those of the definition", () => {
  const request = (ips: string[]) => selectedRequest({ network: "n", ip: "dynamic" }, { name: "a", ips, warnings: [] });
  const { ip, ip6 } = request(["2001:db8::5", "10.0.0.5"]);
  assertEquals([ip, ip6?.kind === "static" && formatAddress(ip6.address)], [IP4, "2001:db8::5"]);
  assertEquals(Object.keys(request(["10.0.0.5/24"])).includes("ip6"), false);
});

const NO_USE: readonly (readonly [object, string])[] = [
  [{ mac: "02:00:00:00:00:01" }, 'key "mac" is given, must be absent: the definition is of type danm'],
  [{ portMappings: [] }, 'key "portMappings" is given'],
  [{ cniArgs: {} }, 'key "cni-args" is given'],
  [{ ips: ["10.0.0.1", "10.0.0.2"] }, "ips are 10.0.0.1, 10.0.0.2, must be one of each family at most"],
];

for (const [selection, problem] of NO_USE) {
  Deno.test(`selectedRequest() refuses ${JSON.stringify(selection)}`, () => {
    assertThrows(
      () => selectedRequest({ network: "n" }, { name: "a", warnings: [], ...selection }),
      EntryError,
      problem,
    );
  });
}

Deno.test("selectedRequest() refuses a definition that names no network", () => {
  assertThrows(
    () => selectedRequest({ ip: "dynamic" }, { name: "a", warnings: [] }),
    EntryError,
    "names no network, must name one of network, tenantNetwork, clusterNetwork",
  );
});

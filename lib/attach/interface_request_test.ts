import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import { AnnotationError, parseInterfaceRequests } from "./interface_request.ts";

const KEY = "danm.k8s.io/interfaces";
const parse = (value: unknown) =>
  parseInterfaceRequests(KEY, typeof value === "string" ? value : JSON.stringify(value));

Deno.test("parseInterfaceRequests() reads every key, whatever its case", () => {
  const requests = parse([
    { Network: "a", IP: "dynamic", ip6: "none", Proutes: { "10.0.0.0/8": "192.168.0.1" } },
    { tenantnetwork: "b", ip: "10.0.0.9/24" },
    { clusterNetwork: "c", ip6: "2001:db8::9", PROUTES6: { "::/0": "2001:db8::1" } },
  ]);
  assertEquals(requests, [
    {
      network: { kind: "DanmNet", name: "a" },
      ip: { kind: "dynamic" },
      ip6: { kind: "none" },
      proutes: [{ destination: parseSubnet("10.0.0.0/8")!, gateway: parseAddress("192.168.0.1")! }],
      proutes6: [],
    },
    {
      network: { kind: "TenantNetwork", name: "b" },
      ip: { kind: "static", address: parseAddress("10.0.0.9")!, prefix: 24 },
      proutes: [],
      proutes6: [],
    },
    {
      network: { kind: "ClusterNetwork", name: "c" },
      ip6: { kind: "static", address: parseAddress("2001:db8::9")! },
      proutes: [],
      proutes6: [{ destination: parseSubnet("::/0")!, gateway: parseAddress("2001:db8::1")! }],
    },
  ]);
});

const REFUSED: readonly (readonly [unknown, string])[] = [
  ["[", "it is not JSON"],
  ["null", "it is not a list, must be a JSON list of objects"],
  [{ network: "a" }, "it is not a list"],
  [[null], "entry 0: is null, must be an object"],
  [[{ network: "a", ip: "dynamic" }, []], "entry 1: is [], must be an object"],
  [[{}], "entry 0: names none, must name exactly one of network, tenantNetwork, clusterNetwork"],
  [[{ network: "a", clusterNetwork: "b" }], "entry 0: names network and clusternetwork, must name exactly one"],
  [[{ network: "" }], 'entry 0: key "network" is "", must be the name of a DanmNet'],
  [[{ network: "../pods" }], 'entry 0: key "network" is "../pods", must be the name of a DanmNet'],
  [[{ network: 7 }], 'entry 0: key "network" is 7'],
  [[{ network: "a", color: "red" }], 'entry 0: key "color" is unknown, must be one of network, tenantNetwork'],
  [[{ network: "a", ip: "dynamic", IP: "none" }], 'entry 0: key "IP" is given twice'],
  [[{ network: "a", ip: "dhcp" }], 'entry 0: key "ip" is "dhcp", must be "dynamic", "none" or an IPv4 address'],
  [[{ network: "a", ip: "2001:db8::1" }], 'key "ip" is "2001:db8::1", must be "dynamic", "none" or an IPv4 address'],
  [[{ network: "a", ip6: "10.0.0.1" }], 'key "ip6" is "10.0.0.1", must be "dynamic", "none" or an IPv6 address'],
  [[{ network: "a", ip: "10.0.0.1/33" }], 'key "ip" is "10.0.0.1/33"'],
  [[{ network: "a", ip: 5 }], 'key "ip" is 5'],
  [[{ network: "a", proutes: "x" }], 'key "proutes" is "x", must be a map of destination to gateway'],
  [[{ network: "a", proutes: { "10.0.0.0/8": 1 } }], 'key "proutes" is {"10.0.0.0/8":1}, must be a map'],
  [[{ network: "a", proutes: { "10/8": "10.0.0.1" } }], 'key "proutes": destination is "10/8", must be an IPv4 CIDR'],
  [[{ network: "a", proutes6: { "::/0": "10.0.0.1" } }], 'gateway of "::/0" is "10.0.0.1", must be an IPv6 address'],
];

for (const [value, problem] of REFUSED) {
  Deno.test(`parseInterfaceRequests() refuses ${typeof value === "string" ? value : JSON.stringify(value)}`, () => {
    assertThrows(() => parse(value), AnnotationError, problem);
  });
}

Deno.test("parseInterfaceRequests() gives requests or an AnnotationError, whatever the text", () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
    try {
      parseInterfaceRequests(KEY, text);
    } catch (error) {
      assertEquals(
        error instanceof AnnotationError && error.message.startsWith(`Cannot read annotation ${KEY}: `),
        true,
      );
    }
  }));
});

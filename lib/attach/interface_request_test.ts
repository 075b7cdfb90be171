import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import { AnnotationError } from "./annotation.ts";
import { parseInterfaceRequests } from "./interface_request.ts";

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

Deno.test("parseInterfaceRequests() takes a key that is null or empty for absent", () => {
  const plain = parse([{ network: "a", ip: "dynamic" }]);
  for (const empty of [null, ""]) {
    const entry = { network: "a", tenantNetwork: empty, clusterNetwork: empty, IP: empty, ip: "dynamic" };
    assertEquals(parse([{ ...entry, ip6: empty, proutes: empty, proutes6: empty }]), plain);
  }
});

Deno.test("parseInterfaceRequests() finds no requests in a blank annotation, null and an empty list", () => {
  for (const text of ["", " \n\t", "null", " null ", "[]"]) assertEquals(parse(text), []);
});

Deno.test("parseInterfaceRequests() takes 32 entries", () => {
  assertEquals(parse(Array(32).fill({ network: "a", ip: "dynamic" })).length, 32);
});

Deno.test("parseInterfaceRequests() repeats no more of a value than a message has room for", () => {
  for (
    const entry of [{ network: "n".repeat(200_000) }, { network: "a", ip: ["x".repeat(200_000)] }, ["y".repeat(9e4)]]
  ) {
    const { message } = assertThrows(() => parse([entry]), AnnotationError);
    assertEquals(message.length < 500, true, message.slice(0, 600));
  }
});

const REFUSED: readonly (readonly [unknown, string])[] = [
  ["[", "it is not JSON"],
  ['"a"', "it is not a list, must be a JSON list of objects"],
  [{ network: "a" }, "it is not a list"],
  [[null], "entry 0: is null, must be an object"],
  [[{ network: "a", ip: "dynamic" }, []], "entry 1: is [], must be an object"],
  [[{}], "entry 0: names none, must name exactly one of network, tenantNetwork, clusterNetwork"],
  [[{ network: "a", clusterNetwork: "b" }], "entry 0: names network and clusternetwork, must name exactly one"],
  [[{ network: "" }], "entry 0: names none, must name exactly one of network"],
  [[{ network: null, ip: "dynamic" }], "entry 0: names none, must name exactly one of network"],
  [Array(33).fill({ network: "a" }), "it has 33 entries, must have at most 32"],
  [Array(8000).fill(5), "it has 8000 entries, must have at most 32"],
  [`[${" ".repeat(256 * 1024)}]`, "it has 262146 characters, must have at most 262144"],
  [[{ network: "a", proutes: { "10.0.0.0/8": null } }], 'key "proutes" is {"10.0.0.0/8":null}, must be a map'],
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
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  Deno.test(`parseInterfaceRequests() refuses ${shown.slice(0, 100)}`, () => {
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

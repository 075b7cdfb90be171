import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AnnotationError } from "../annotation.ts";
import { parseDefaultSelection, parseNetworkSelections } from "./network_selection.ts";

const KEY = "k8s.v1.cni.cncf.io/networks";
const parse = (value: unknown) =>
  parseNetworkSelections(KEY, typeof value === "string" ? value : JSON.stringify(value));

const NOTHING = ["", "  \n", "null", " null ", "[]"];

for (const text of NOTHING) {
  Deno.test(`parseNetworkSelections() takes ${JSON.stringify(text)} for no selection`, () => {
    assertEquals(parse(text), []);
    assertEquals(parseDefaultSelection(KEY, text), undefined);
  });
}

const SHORT: readonly (readonly [string, object[]])[] = [
  ["a", [{ name: "a" }]],
  ["ns/a", [{ name: "a", namespace: "ns" }]],
  ["a@net5", [{ name: "a", interface: "net5" }]],
  [" ns / a @ data0 , b\n", [{ name: "a", namespace: "ns", interface: "data0" }, { name: "b" }]],
];

for (const [text, selections] of SHORT) {
  Deno.test(`parseNetworkSelections() reads the short notation ${JSON.stringify(text)}`, () => {
    assertEquals(parse(text), selections.map((one) => ({ ...one, warnings: [] }) as never));
  });
}

Deno.test("parseNetworkSelections() reads every key of the standard, in any case", () => {
  const [selection, ...others] = parse([{
    name: "a",
    Namespace: "ns",
    interface: "data0",
    ips: ["10.2.2.42", "2001:db8::5/64"],
    mac: "02:23:45:67:89:01",
    "infiniband-guid": "c2:11:22:33:44:55:66:77",
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "TCP", hostIP: "" }, {
      hostPort: 53,
      containerPort: 53,
    }],
    bandwidth: { ingressRate: 2048, IngressBurst: 1600, egressRate: 4096, egressBurst: 1600 },
    "cni-args": { color: "red" },
    "default-route": ["10.2.2.1", "2001:db8::1"],
  }]);
  assertEquals(others, []);
  assertEquals(selection, {
    name: "a",
    namespace: "ns",
    interface: "data0",
    ips: ["10.2.2.42", "2001:db8::5/64"],
    mac: "02:23:45:67:89:01",
    infinibandGuid: "c2:11:22:33:44:55:66:77",
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "TCP" }, { hostPort: 53, containerPort: 53 }],
    bandwidth: { ingressRate: 2048, ingressBurst: 1600, egressRate: 4096, egressBurst: 1600 },
    cniArgs: { color: "red" },
    defaultRoute: [{ family: 4, value: 0x0a020201n }, { family: 6, value: 0x20010db8000000000000000000000001n }],
    warnings: [],
  });
});

Deno.test("parseNetworkSelections() takes null and empty values for absent, and an empty default-route for one", () => {
  assertEquals(parse([{ name: "a", namespace: "", ips: null, mac: "" }, { name: "b", "default-route": [] }]), [
    { name: "a", warnings: [] },
    { name: "b", defaultRoute: [], warnings: [] },
  ]);
});

Deno.test("parseNetworkSelections() leaves out keys it does not serve, and says so", () => {
  assertEquals(parse([{ name: "a", "ipam-claim-reference": "vm.a", "vendor/x": 1 }])[0]?.warnings, [
    'key "ipam-claim-reference" is left out: it is none that danm serves',
    'key "vendor/x" is left out: it is none that danm serves',
  ]);
});

const REFUSED: readonly (readonly [unknown, string])[] = [
  ["a,,b", 'entry 1: is "", must be [namespace/]name[@interface]'],
  ["a,", 'entry 1: is "", must be [namespace/]name[@interface]'],
  ["x/y/z", 'entry 0: is "x/y/z", must be [namespace/]name[@interface]'],
  ["/a", 'entry 0: is "/a", must be [namespace/]name[@interface]'],
  ["a@", 'entry 0: is "a@", must be [namespace/]name[@interface]'],
  ["a@b@c d", 'entry 0: key "interface" is "b@c d", must be an interface name of at most 15 characters'],
  ["Ab", 'entry 0: key "name" is "Ab", must be the name of a NetworkAttachmentDefinition'],
  ["..", 'entry 0: key "name" is "..", must be the name of a NetworkAttachmentDefinition'],
  ["N_s/a", 'entry 0: key "namespace" is "N_s", must be the name of a namespace'],
  ["a@sixteen-letters-", 'entry 0: key "interface" is "sixteen-letters-", must be an interface name of'],
  ["[", "it is not JSON: "],
  ['{"name": "a"}', "it is not a list, must be a JSON list of objects"],
  ['"a"', "it is not a list, must be a JSON list of objects"],
  [["a"], 'entry 0: is "a", must be an object'],
  [[{ name: "a" }, null], "entry 1: is null, must be an object"],
  [[{ namespace: "a" }], 'entry 0: key "name" is missing, must be the name of a NetworkAttachmentDefinition'],
  [[{ name: "a/b" }], 'entry 0: key "name" is "a/b", must be the name of a NetworkAttachmentDefinition'],
  [[{ name: "a", Name: "b" }], 'entry 0: key "Name" is given twice'],
  [[{ name: "a", interface: 5 }], 'entry 0: key "interface" is 5, must be an interface name of'],
  [[{ name: "a", ips: "10.0.0.1" }], 'entry 0: key "ips" is "10.0.0.1", must be a list'],
  [[{ name: "a", ips: [5] }], 'entry 0: key "ips[0]" is 5, must be a text'],
  [[{ name: "a", ips: ["10.0.0.1", "x"] }], 'entry 0: key "ips[1]" is "x", must be an IP address, with or without'],
  [[{ name: "a", ips: ["10.0.0.1/33"] }], 'entry 0: key "ips[0]" is "10.0.0.1/33", must be an IP address, with or'],
  [[{ name: "a", mac: "02:00:00:00:01" }], 'entry 0: key "mac" is "02:00:00:00:01", must be 6, 8 or 20 octets'],
  [[{ name: "a", mac: "02:00-00:00:00:01" }], 'entry 0: key "mac" is "02:00-00:00:00:01", must be 6, 8 or 20 octets'],
  [[{ name: "a", "infiniband-guid": "c2" }], 'entry 0: key "infiniband-guid" is "c2", must be 6, 8 or 20 octets'],
  [[{ name: "a", "default-route": ["10.0.0.1/24"] }], 'key "default-route[0]" is "10.0.0.1/24", must be an IP address'],
  [[{ name: "a", "default-route": ["10.0.0.1", "10.0.0.2"] }], "must be at most one address of each family"],
  [
    [{ name: "a", portMappings: [{ hostPort: 0, containerPort: 80 }] }],
    'key "portMappings[0].hostPort" is 0, must be a',
  ],
  [[{ name: "a", portMappings: [{ hostPort: 1 }] }], 'key "portMappings[0].containerPort" is missing, must be a port'],
  [
    [{ name: "a", portMappings: [{ hostPort: 1, containerPort: 1, protocol: "icmp" }] }],
    'key "portMappings[0].protocol" is "icmp", must be tcp, udp or sctp',
  ],
  [
    [{ name: "a", portMappings: [{ hostPort: 1, containerPort: 1, hostIP: "x" }] }],
    'key "portMappings[0].hostIP" is "x", must be an IP address',
  ],
  [[{ name: "a", bandwidth: [] }], 'key "bandwidth" is [], must be an object'],
  [[{ name: "a", bandwidth: { egressRate: "1M" } }], 'key "bandwidth.egressRate" is "1M", must be a whole number'],
  [[{ name: "a", "cni-args": "x" }], 'entry 0: key "cni-args" is "x", must be an object'],
  [Array(33).fill({ name: "a" }), "it has 33 entries, must have at most 32"],
  [Array(33).fill("a").join(","), "it has 33 entries, must have at most 32"],
  ["a".repeat(256 * 1024 + 1), "characters, must have at most 262144"],
];

for (const [value, problem] of REFUSED) {
  Deno.test(`parseNetworkSelections() refuses ${JSON.stringify(value).slice(0, 80)}`, () => {
    const { message } = assertThrows(() => parse(value), AnnotationError);
    assert(message.startsWith(`Cannot read annotation ${KEY}: `) && message.includes(problem), message);
  });
}

Deno.test("parseDefaultSelection() takes one entry", () => {
  assertEquals(parseDefaultSelection(KEY, "ns/a"), { name: "a", namespace: "ns", warnings: [] });
  assertThrows(() => parseDefaultSelection(KEY, "a,b"), AnnotationError, "it has 2 entries, must have one");
});

const HARDWARE_ADDRESSES = [
  "02:00:5e:00:53:01",
  "02-00-5E-00-53-01",
  "0200.5e00.5301",
  "02:00:5e:10:00:00:00:01",
  "0200.5e10.0000.0001",
  `00${":00".repeat(18)}:01`,
  "0000.0000.0000.0000.0000.0000.0000.0000.0000.0001",
];

Deno.test("parseNetworkSelections() reads hardware addresses in all forms that plugins do", () => {
  for (const mac of HARDWARE_ADDRESSES) assertEquals(parse([{ name: "a", mac }])[0]?.mac, mac);
  for (const mac of ["02:00:5e:00:53:01:02", "0200.5e00", "02005e005301", "02:00:5e:00:53:0g"]) {
    assertThrows(() => parse([{ name: "a", mac }]), AnnotationError, "octets", mac);
  }
});

Deno.test("parseNetworkSelections() gives selections or an AnnotationError, whatever the text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    try {
      for (const { name } of parse(text)) assert(/^[a-z0-9][-a-z0-9.]*$/.test(name));
    } catch (error) {
      assert(error instanceof AnnotationError, String(error));
    }
  }));
});

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeResult, previousResult } from "./decode_result.ts";
import { CniError } from "./error.ts";

const empty = { interfaces: [], ips: [], routes: [], dns: {} };

Deno.test("decodeResult() takes what the reference macvlan plugin prints in 1.0.0, newer fields included", () => {
  const printed = {
    cniVersion: "1.0.0",
    interfaces: [{ name: "net1", mac: "e6:3f:5c:0b:7e:11", mtu: 1500, sandbox: "/run/netns/a" }],
    ips: [{ address: "10.1.0.5/24", gateway: "10.1.0.1", interface: 0 }],
    routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.1", priority: 7 }],
  };
  const { cniVersion: _, ...fields } = printed;
  assertEquals(decodeResult(printed, "result"), { ...fields, dns: {} });
});

Deno.test("decodeResult() takes the label of an address in 0.3.1 from the address", () => {
  const printed = { cniVersion: "0.3.1", ips: [{ version: "4", address: "10.1.0.5/24" }], dns: {} };
  assertEquals(decodeResult(printed, "result"), { ...empty, ips: [{ address: "10.1.0.5/24" }] });
});

Deno.test("decodeResult() converts the one address of each family that 0.2.0 has", () => {
  const printed = {
    cniVersion: "0.2.0",
    ip4: { ip: "10.1.0.5/24", gateway: "10.1.0.1", routes: [{ dst: "0.0.0.0/0" }] },
    ip6: { ip: "2001:db8::5/64", routes: [{ dst: "::/0", gw: "fe80::1" }] },
    dns: { nameservers: ["10.0.0.53"] },
  };
  assertEquals(decodeResult(printed, "result"), {
    interfaces: [],
    ips: [{ address: "10.1.0.5/24", gateway: "10.1.0.1" }, { address: "2001:db8::5/64" }],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", gw: "fe80::1" }],
    dns: { nameservers: ["10.0.0.53"] },
  });
});

Deno.test("decodeResult() takes null and empty texts for absent, and drops what it does not know", () => {
  const printed = {
    cniVersion: "",
    interfaces: null,
    ips: [{ address: "10.1.0.5/24", gateway: "", interface: null, note: "x" }],
    routes: [{ dst: "0.0.0.0/0", gw: null }],
    dns: { domain: "" },
    extra: true,
  };
  const expected = { ...empty, ips: [{ address: "10.1.0.5/24" }], routes: [{ dst: "0.0.0.0/0" }] };
  assertEquals(decodeResult(printed, "result"), expected);
});

const wrong: readonly [value: unknown, message: string][] = [
  [null, "Cannot read result: it is null, must be a JSON object"],
  [[], "Cannot read result: it is [], must be a JSON object"],
  ["ok", 'Cannot read result: it is "ok", must be a JSON object'],
  [{ cniVersion: "2.0.0" }, 'cniVersion is "2.0.0", must be one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'],
  [{ interfaces: {} }, "interfaces is {}, must be a list"],
  [{ interfaces: [null] }, "interfaces[0] is null, must be a JSON object"],
  [{ interfaces: [{}] }, "interfaces[0].name is missing, must be a name without white space"],
  [{ interfaces: [{ name: "a b" }] }, 'interfaces[0].name is "a b", must be a name without white space'],
  [
    { interfaces: [{ name: "a", mac: "x" }] },
    'interfaces[0].mac is "x", must be octets in hexadecimal, separated by colons',
  ],
  [{ interfaces: [{ name: "a", mtu: -1 }] }, "interfaces[0].mtu is -1, must be a whole number from 0 to 4294967295"],
  [{ interfaces: [{ name: "a", sandbox: 1 }] }, "interfaces[0].sandbox is 1, must be a text"],
  [{ ips: [{}] }, "ips[0].address is missing, must be an IP address with its prefix length"],
  [{ ips: [{ address: "10.0.0.1" }] }, 'ips[0].address is "10.0.0.1", must be an IP address with its prefix length'],
  [{ ips: [{ address: "10.0.0.1/33" }] }, 'ips[0].address is "10.0.0.1/33", must be'],
  [{ ips: [{ address: "1::/64", gateway: "gw" }] }, 'ips[0].gateway is "gw", must be an IP address'],
  [{ ips: [{ address: "1::/64", interface: 0 }] }, "ips[0].interface is 0, must be an index into the 0 interfaces"],
  [{ ips: [{ address: "1::/64", interface: "0" }] }, 'ips[0].interface is "0", must be a whole number'],
  [{ routes: [{ gw: "10.0.0.1" }] }, "routes[0].dst is missing, must be an IP address with its prefix length"],
  [{ routes: [{ dst: "default" }] }, 'routes[0].dst is "default", must be an IP address with its prefix length'],
  [{ routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1/24" }] }, 'routes[0].gw is "10.0.0.1/24", must be an IP address'],
  [{ routes: [{ dst: "0.0.0.0/0", table: 2 ** 32 }] }, "routes[0].table is 4294967296, must be a whole number"],
  [{ dns: [] }, "dns is [], must be a JSON object"],
  [{ dns: { search: "a" } }, 'dns.search is "a", must be a list of texts'],
  [{ ip4: {} }, "ip4.ip is missing, must be an IP address with its prefix length"],
  [{ ip6: { ip: "1::/64", routes: [{}] } }, "ip6.routes[0].dst is missing"],
];
for (const [value, message] of wrong) {
  Deno.test(`decodeResult() refuses ${JSON.stringify(value)}`, () => {
    const error = assertThrows(() => decodeResult(value, "result"), CniError, message);
    assertEquals(error.code, 6);
  });
}

Deno.test("decodeResult() reads any JSON or throws a CniError", () => {
  const shape = fc.record({
    cniVersion: fc.jsonValue(),
    interfaces: fc.jsonValue(),
    ips: fc.jsonValue(),
    routes: fc.jsonValue(),
    dns: fc.jsonValue(),
    ip4: fc.jsonValue(),
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.oneof(fc.jsonValue(), shape), (value) => {
    try {
      decodeResult(value, "result");
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
    }
  }));
});

Deno.test("previousResult() is undefined for the first plugin of a chain", () => {
  assertEquals(previousResult({ cniVersion: "1.0.0", name: "n" }), undefined);
});

Deno.test("previousResult() reads prevResult and names it when it is wrong", () => {
  const config = { cniVersion: "1.0.0", name: "n", prevResult: { ips: [{ address: "10.0.0.5/24" }] } } as const;
  assertEquals(previousResult(config), { ...empty, ips: [{ address: "10.0.0.5/24" }] });
  const message = "Cannot read prevResult of the network configuration: it is 1, must be a JSON object";
  assertThrows(() => previousResult({ ...config, prevResult: 1 }), CniError, message);
});

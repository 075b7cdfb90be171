import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeResult } from "./decode_result.ts";
import { encodeResult } from "./encode_result.ts";
import type { Result } from "./result.ts";
import { type CniVersion, cniVersions } from "./version.ts";

const everything: Result = {
  interfaces: [
    { name: "veth0", mac: "02:00:00:00:00:01" },
    {
      name: "eth0",
      mac: "02:00:00:00:00:02",
      mtu: 1400,
      sandbox: "/run/netns/a",
      socketPath: "/run/s",
      pciID: "0000:1",
    },
  ],
  ips: [{ address: "10.0.0.5/24", gateway: "10.0.0.1", interface: 1 }, { address: "2001:db8::5/64", interface: 0 }],
  routes: [{ dst: "::/0", gw: "fe80::1", mtu: 1300, advmss: 1200, priority: 5, table: 0, scope: 0 }, {
    dst: "10.9.0.0/16",
  }],
  dns: { nameservers: ["10.0.0.53"], domain: "a.example", search: ["b.example"], options: ["ndots:5"] },
};

/** What each version makes of `everything`; written out from the specifications, not derived. */
const labelledIps = [
  { version: "4", address: "10.0.0.5/24", gateway: "10.0.0.1", interface: 1 },
  { version: "6", address: "2001:db8::5/64", interface: 0 },
];
const plain = {
  interfaces: [
    { name: "veth0", mac: "02:00:00:00:00:01" },
    { name: "eth0", mac: "02:00:00:00:00:02", sandbox: "/run/netns/a" },
  ],
  routes: [{ dst: "::/0", gw: "fe80::1" }, { dst: "10.9.0.0/16" }],
  dns: everything.dns,
};
const expected: Readonly<Record<CniVersion, unknown>> = {
  "0.3.1": { cniVersion: "0.3.1", ...plain, ips: labelledIps },
  "0.4.0": { cniVersion: "0.4.0", ...plain, ips: labelledIps },
  "1.0.0": { cniVersion: "1.0.0", ...plain, ips: everything.ips },
  "1.1.0": { cniVersion: "1.1.0", ...everything },
};

for (const cniVersion of cniVersions) {
  Deno.test(`encodeResult() writes the fields that ${cniVersion} knows`, () => {
    assertEquals(encodeResult(everything, cniVersion), expected[cniVersion]);
  });

  Deno.test(`encodeResult() writes only the version ${cniVersion} of a result that is empty`, () => {
    assertEquals(encodeResult({ interfaces: [], ips: [], routes: [], dns: {} }, cniVersion), { cniVersion });
  });

  Deno.test(`decodeResult() reads back what encodeResult() wrote in ${cniVersion}`, () => {
    fc.assert(fc.property(results(cniVersion), (result) => {
      assertEquals(decodeResult(JSON.parse(JSON.stringify(encodeResult(result, cniVersion))), "result"), result);
    }));
  });
}

/** Results with the fields that `cniVersion` knows. */
function results(cniVersion: CniVersion): fc.Arbitrary<Result> {
  const modern = cniVersion === "1.1.0";
  const count = fc.nat(0xffffffff);
  const text = fc.string({ minLength: 1 });
  const address = fc.oneof(
    fc.ipV4(),
    fc.array(fc.nat(0xffff), { minLength: 7, maxLength: 7 }).map((groups) =>
      ["2001", ...groups.map((group) => group.toString(16))].join(":")
    ),
  );
  const cidr = fc.tuple(address, fc.nat(32)).map(([ip, prefix]) => `${ip}/${prefix}`);
  const link = fc.record({
    name: fc.stringMatching(/^[a-z0-9.]+$/),
    mac: fc.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
    sandbox: text,
    ...(modern && { mtu: count, socketPath: text, pciID: text }),
  }, { requiredKeys: ["name"] });
  const route = fc.record({
    dst: cidr,
    gw: address,
    ...(modern && { mtu: count, advmss: count, priority: count, table: count, scope: count }),
  }, { requiredKeys: ["dst"] });
  const texts = fc.array(text);
  return fc.array(link, { minLength: 1 }).chain((interfaces) =>
    fc.record({
      interfaces: fc.constant(interfaces),
      ips: fc.array(fc.record(
        { address: cidr, gateway: address, interface: fc.nat(interfaces.length - 1) },
        { requiredKeys: ["address"] },
      )),
      routes: fc.array(route),
      dns: fc.record({ nameservers: texts, domain: text, search: texts, options: texts }, { requiredKeys: [] }),
    })
  ) as fc.Arbitrary<Result>;
}

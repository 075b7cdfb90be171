import { assertEquals } from "@std/assert";
import { dispatch } from "./dispatch.ts";
import { fakeIpam, type FakeIpamSection } from "./fake_ipam.ts";
import { cniVersions } from "./version.ts";

const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/pod", CNI_IFNAME: "net1" };

async function add(cniVersion: string, ipam: unknown): Promise<unknown> {
  const { stdout } = await dispatch(fakeIpam, env, JSON.stringify({ cniVersion, name: "n", type: "macvlan", ipam }));
  return JSON.parse(stdout);
}

const ipv4 = { address: "10.1.0.5/24", gateway: "10.1.0.1" };
const ipv6 = { address: "2001:db8::5/64" };
const sections: readonly [what: string, ips: FakeIpamSection["ips"]][] = [
  ["an IPv4 address", [ipv4]],
  ["an IPv6 address", [ipv6]],
  ["both", [ipv4, ipv6]],
];
for (const cniVersion of cniVersions) {
  const labelled = cniVersion === "0.3.1" || cniVersion === "0.4.0";
  for (const [what, ips] of sections) {
    Deno.test(`fakeIpam answers ADD in ${cniVersion} with ${what}`, async () => {
      const section: FakeIpamSection = { type: "fakeipam", ips, routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.9" }] };
      assertEquals(await add(cniVersion, section), {
        cniVersion,
        ips: ips.map((ip) => ({ ...(labelled && { version: ip === ipv4 ? "4" : "6" }), ...ip })),
        routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.9" }],
      });
    });
  }

  Deno.test(`fakeIpam answers ADD in ${cniVersion} with no address when it was given none`, async () => {
    assertEquals(await add(cniVersion, { type: "fakeipam", ips: [] } satisfies FakeIpamSection), { cniVersion });
  });
}

const wrong: readonly unknown[] = [
  undefined,
  null,
  "fakeipam",
  { type: "fakeipam" },
  { type: "fakeipam", ips: "10.1.0.5/24" },
  { type: "fakeipam", ips: ["10.1.0.5/24"] },
  { type: "fakeipam", ips: [null] },
  { type: "fakeipam", ips: [ipv4], routes: { "10.9.0.0/16": "10.1.0.9" } },
  { type: "fakeipam", ips: [ipv4], routes: [{ gw: "10.1.0.9" }] },
];
for (const ipam of wrong) {
  Deno.test(`fakeIpam refuses the section ${JSON.stringify(ipam)}`, async () => {
    const stated = ipam === undefined ? "missing" : JSON.stringify(ipam);
    assertEquals(await add("1.0.0", ipam), {
      cniVersion: "1.0.0",
      code: 7,
      msg: "Invalid network configuration",
      details: `ipam is ${stated}, must be an object with the list ips and perhaps the list routes`,
    });
  });
}

for (const command of ["DEL", "CHECK", "STATUS", "GC"]) {
  Deno.test(`fakeIpam succeeds at ${command} without a word`, async () => {
    const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "n" });
    const answer = await dispatch(fakeIpam, { ...env, CNI_COMMAND: command, CNI_PATH: "/opt/cni/bin" }, stdin);
    assertEquals(answer, { stdout: "", exitCode: 0 });
  });
}

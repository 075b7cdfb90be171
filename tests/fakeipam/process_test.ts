/** fakeipam as a process of its own, with nothing but the permissions and variables it is given. */

import { assertEquals, assertMatch } from "@std/assert";
import { cniVersions } from "../../lib/cni/version.ts";
import { runProcess } from "../../lib/process/run_process.ts";
import { denoEnvironment, fakeipamCommand } from "./fakeipam_program.ts";

const variables = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/no-such-namespace",
  CNI_IFNAME: "net1",
};
const ipam = {
  type: "fakeipam",
  ips: [{ address: "10.1.0.5/24", gateway: "10.1.0.1" }, { address: "2001:db8::5/64" }],
  routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.9" }],
};

async function fakeipam(env: Readonly<Record<string, string>>, stdin: unknown) {
  const [program, ...args] = fakeipamCommand;
  const { code, stdout, stderr } = await runProcess(
    { program, args, env: { ...denoEnvironment(), ...env }, stdin: JSON.stringify(stdin) },
    AbortSignal.timeout(30_000),
  );
  return { code, stdout, stderr, printed: stdout === "" ? undefined : JSON.parse(stdout) };
}

for (const cniVersion of cniVersions) {
  Deno.test(`fakeipam prints the addresses and routes of its section in ${cniVersion}`, async () => {
    const labelled = cniVersion === "0.3.1" || cniVersion === "0.4.0";
    const { code, stderr, printed } = await fakeipam(variables, { cniVersion, name: "n", type: "macvlan", ipam });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(printed, {
      cniVersion,
      ips: ipam.ips.map((ip, index) => ({ ...(labelled && { version: index === 0 ? "4" : "6" }), ...ip })),
      routes: ipam.routes,
    });
  });
}

for (const CNI_COMMAND of ["DEL", "CHECK", "STATUS", "GC"]) {
  Deno.test(`fakeipam succeeds at ${CNI_COMMAND}`, async () => {
    const env = { ...variables, CNI_COMMAND, CNI_PATH: "/opt/cni/bin" };
    const { code, stdout, stderr } = await fakeipam(env, { cniVersion: "1.1.0", name: "n", ipam });
    assertEquals([code, stdout, stderr], [0, "", ""]);
  });
}

Deno.test("fakeipam reads a configuration of any length", async () => {
  const ips = Array.from({ length: 10_000 }, (_, index) => ({ address: `10.1.${index >> 8}.${index & 255}/16` }));
  const config = { cniVersion: "1.0.0", name: "n", note: "ü€".repeat(50_001), ipam: { type: "fakeipam", ips } };
  const { code, printed } = await fakeipam(variables, config);
  assertEquals(code, 0);
  assertEquals(printed, { cniVersion: "1.0.0", ips });
});

Deno.test("fakeipam answers VERSION", async () => {
  const { code, printed } = await fakeipam({ CNI_COMMAND: "VERSION" }, { cniVersion: "1.0.0" });
  assertEquals(code, 0);
  assertEquals(printed, { cniVersion: "1.0.0", supportedVersions: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"] });
});

Deno.test("fakeipam prints an error and fails when nothing is set", async () => {
  const { code, printed } = await fakeipam({}, {});
  assertEquals([code, printed.code], [1, 4]);
  assertMatch(printed.details, /^CNI_COMMAND is missing/);
});

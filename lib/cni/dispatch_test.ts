import { assertEquals } from "@std/assert";
import { dispatch, type Plugin } from "./dispatch.ts";
import { CniError } from "./error.ts";
import type { Result } from "./result.ts";

const result: Result = {
  interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", mtu: 1500, sandbox: "/run/netns/pod" }],
  ips: [{ address: "10.0.0.5/24", gateway: "10.0.0.1", interface: 0 }, { address: "2001:db8::5/64", interface: 0 }],
  routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1", table: 100 }],
  dns: { nameservers: ["10.0.0.53"] },
};
const plugin: Plugin = { add: () => result, del: () => {}, check: () => {} };
const env = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/pod", CNI_IFNAME: "eth0" };

Deno.test("dispatch() prints what ADD returned in the version of the configuration", async () => {
  const { stdout, exitCode } = await dispatch(plugin, env, '{"cniVersion":"0.4.0","name":"n"}');
  assertEquals(exitCode, 0);
  assertEquals(JSON.parse(stdout), {
    cniVersion: "0.4.0",
    interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/run/netns/pod" }],
    ips: [
      { version: "4", address: "10.0.0.5/24", gateway: "10.0.0.1", interface: 0 },
      { version: "6", address: "2001:db8::5/64", interface: 0 },
    ],
    routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }],
    dns: { nameservers: ["10.0.0.53"] },
  });
});

Deno.test("dispatch() prints the code, message and details of a CniError", async () => {
  const failing: Plugin = {
    ...plugin,
    add: () => Promise.reject(new CniError(11, "Try again", "the API server is busy")),
  };
  assertEquals(await dispatch(failing, env, '{"cniVersion":"1.0.0","name":"n"}'), {
    stdout: '{"cniVersion":"1.0.0","code":11,"msg":"Try again","details":"the API server is busy"}',
    exitCode: 1,
  });
});

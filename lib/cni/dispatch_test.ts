import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { dispatch, type Plugin } from "./dispatch.ts";
import { commands } from "./environment.ts";
import { CniError } from "./error.ts";
import type { Result } from "./result.ts";
import { cniVersions } from "./version.ts";
import { variableNames } from "./variable_names.ts";

const result: Result = {
  interfaces: [{ name: "eth0", mtu: 1500, sandbox: "/run/netns/pod" }],
  ips: [{ address: "10.0.0.5/24", interface: 0 }],
  routes: [],
  dns: {},
};
const env = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};
const stdin = '{"cniVersion":"1.1.0","name":"n"}';

/** A plugin that notes which of its functions was called with what. */
function recorder(log: unknown[]): Plugin {
  const note = (name: string) => (request: { command: string }, signal: AbortSignal) => {
    log.push([name, request.command, signal]);
  };
  return {
    add: (request, signal) => (note("add")(request, signal), result),
    del: note("del"),
    check: note("check"),
    status: note("status"),
    gc: note("gc"),
  };
}

for (const cniVersion of cniVersions) {
  Deno.test(`dispatch() prints what ADD returned in ${cniVersion}`, async () => {
    const { stdout, exitCode } = await dispatch(
      recorder([]),
      { ...env, CNI_COMMAND: "ADD" },
      JSON.stringify({ cniVersion, name: "n" }),
    );
    const old = cniVersion === "0.3.1" || cniVersion === "0.4.0";
    assertEquals(exitCode, 0);
    assertEquals(JSON.parse(stdout), {
      cniVersion,
      interfaces: [{ name: "eth0", ...(cniVersion === "1.1.0" && { mtu: 1500 }), sandbox: "/run/netns/pod" }],
      ips: [{ ...(old && { version: "4" }), address: "10.0.0.5/24", interface: 0 }],
    });
  });
}

for (const command of ["DEL", "CHECK", "STATUS", "GC"]) {
  Deno.test(`dispatch() calls the plugin for ${command}, hands on the signal and prints nothing`, async () => {
    const log: unknown[] = [];
    const { signal } = new AbortController();
    const answer = await dispatch(recorder(log), { ...env, CNI_COMMAND: command }, stdin, signal);
    assertEquals(answer, { stdout: "", exitCode: 0 });
    assertEquals(log, [[command.toLowerCase(), command, signal]]);
  });
}

for (const command of ["STATUS", "GC"]) {
  Deno.test(`dispatch() succeeds at ${command} when the plugin has nothing to do for it`, async () => {
    const { add, del, check } = recorder([]);
    const answer = await dispatch({ add, del, check }, { ...env, CNI_COMMAND: command }, stdin);
    assertEquals(answer, { stdout: "", exitCode: 0 });
  });
}

Deno.test("dispatch() answers VERSION without any other variable", async () => {
  const { stdout, exitCode } = await dispatch(recorder([]), { CNI_COMMAND: "VERSION" }, '{"cniVersion":"0.4.0"}');
  assertEquals(exitCode, 0);
  assertEquals(JSON.parse(stdout), {
    cniVersion: "0.4.0",
    supportedVersions: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  });
});

const failures: readonly [what: string, command: string, reason: unknown, printed: unknown][] = [
  ["a CniError as it is", "ADD", new CniError(11, "Busy", "try later"), {
    code: 11,
    msg: "Busy",
    details: "try later",
  }],
  ["a CniError of STATUS as it is", "STATUS", new CniError(51, "Cut off"), { code: 51, msg: "Cut off" }],
  ["any error with its message", "DEL", new Error("two\nlines"), { code: 100, msg: "two\nlines" }],
  ["any error of STATUS as not available", "STATUS", new Error("no token"), { code: 50, msg: "no token" }],
  ["what is no error", "CHECK", "why", { code: 100, msg: "why" }],
];
for (const [what, command, reason, printed] of failures) {
  Deno.test(`dispatch() prints ${what}`, async () => {
    const failing = () => Promise.reject(reason);
    const plugin: Plugin = { add: failing, del: failing, check: failing, status: failing };
    const { stdout, exitCode } = await dispatch(plugin, { ...env, CNI_COMMAND: command }, stdin);
    assertEquals(exitCode, 1);
    assertEquals(JSON.parse(stdout), { cniVersion: "1.1.0", ...(printed as object) });
  });
}

Deno.test("dispatch() prints an error that is thrown before the plugin can promise anything", async () => {
  const plugin: Plugin = {
    ...recorder([]),
    del: () => {
      throw new CniError(3, "Unknown container");
    },
  };
  const { stdout } = await dispatch(plugin, { ...env, CNI_COMMAND: "DEL" }, stdin);
  assertEquals(JSON.parse(stdout), { cniVersion: "1.1.0", code: 3, msg: "Unknown container" });
});

const versionsOfErrors: readonly [stdin: string, cniVersion: string][] = [
  ['{"cniVersion":"0.4.0","name":"?"}', "0.4.0"],
  ['{"cniVersion":"0.2.0","name":"n"}', "0.2.0"],
  ['{"cniVersion":"new","name":"n"}', "1.1.0"],
  ["not JSON", "1.1.0"],
];
for (const [input, cniVersion] of versionsOfErrors) {
  Deno.test(`dispatch() prints its error in ${cniVersion} for ${input}`, async () => {
    const log: unknown[] = [];
    const { stdout, exitCode } = await dispatch(recorder(log), { ...env, CNI_COMMAND: "ADD" }, input);
    assertEquals([JSON.parse(stdout).cniVersion, exitCode, log], [cniVersion, 1, []]);
  });
}

Deno.test("dispatch() answers whatever it is called with, in JSON or not at all", async () => {
  const variable = (usual: string) => fc.option(fc.oneof(fc.constant(usual), fc.string()), { nil: undefined });
  const environments = fc.record({
    CNI_COMMAND: fc.oneof(fc.constantFrom(...commands), fc.string()),
    CNI_CONTAINERID: variable("c1"),
    CNI_NETNS: variable("/run/netns/pod"),
    CNI_IFNAME: variable("eth0"),
    CNI_ARGS: variable("K8S_POD_NAME=web-0"),
    CNI_PATH: variable("/opt/cni/bin"),
  });
  const config = fc.record({
    cniVersion: fc.oneof(fc.constantFrom(...cniVersions), fc.jsonValue()),
    name: fc.oneof(fc.constant("n"), fc.jsonValue()),
    "cni.dev/valid-attachments": fc.jsonValue(),
  }, { requiredKeys: [] });
  const inputs = fc.oneof(config.map((value) => JSON.stringify(value)), fc.json(), fc.string());
  await fc.assert(
    fc.asyncProperty(environments, inputs, async (environment, input) => {
      const log: unknown[] = [];
      const { stdout, exitCode } = await dispatch(recorder(log), environment, input);
      if (exitCode === 1) {
        const { cniVersion, code, msg } = JSON.parse(stdout);
        assertEquals([typeof cniVersion, typeof code, typeof msg, log], ["string", "number", "string", []]);
      } else if (stdout !== "") {
        assertEquals(typeof JSON.parse(stdout).cniVersion, "string");
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("dispatch() reads the variables of the protocol and no other", async () => {
  const read = new Set<string>();
  const watched = new Proxy<Record<string, string>>({ ...env, CNI_COMMAND: "ADD" }, {
    get: (target, name) => (read.add(String(name)), target[String(name)]),
  });
  await dispatch(recorder([]), watched, stdin);
  assertEquals([...read].filter((name) => !variableNames.some((known) => known === name)), []);
});

import { assertEquals, assertThrows } from "@std/assert";
import type { AttachmentDefinition } from "../../api/attachment_definition.ts";
import { DelegateFileError } from "../delegate_file.ts";
import { isInFile, ownConfig, pickDefinitionFile, readDefinitionContent } from "./definition_chain.ts";

function definition(config?: unknown): AttachmentDefinition {
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { namespace: "ns", name: "a" },
    ...(config !== undefined && { spec: { config: typeof config === "string" ? config : JSON.stringify(config) } }),
  };
}

function contentOf(config: unknown) {
  const of = definition(config);
  return readDefinitionContent(of, ownConfig(of));
}

Deno.test("readDefinitionContent() reads one plugin, and gives it the definition's name where it has none", () => {
  assertEquals(contentOf({ cniVersion: "0.3.0", type: "macvlan", master: "eth1" }), {
    chain: {
      configs: [{ cniVersion: "0.3.0", name: "a", type: "macvlan", master: "eth1" }],
      disableCheck: false,
    },
  });
  assertEquals(contentOf({ cniVersion: "1.0.0", name: "own", type: "macvlan" }), {
    chain: { configs: [{ cniVersion: "1.0.0", name: "own", type: "macvlan" }], disableCheck: false },
  });
});

Deno.test("readDefinitionContent() reads a list", () => {
  const plugins = [{ type: "bridge" }, { type: "tuning", mtu: 1400 }];
  assertEquals(contentOf({ cniVersion: "1.0.0", name: "", disableCheck: true, plugins }), {
    chain: {
      configs: plugins.map((plugin) => ({ ...plugin, cniVersion: "1.0.0", name: "a" })),
      disableCheck: true,
    },
  });
});

Deno.test("readDefinitionContent() tells what danm is to attach itself", () => {
  const keys = { type: "danm", network: "lan", ip: "dynamic" };
  assertEquals(contentOf({ cniVersion: "1.0.0", ...keys }), { own: { cniVersion: "1.0.0", ...keys } });
  assertEquals(contentOf({ cniVersion: "1.0.0", plugins: [keys] }), { own: keys });
});

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ["no JSON", "{", "Cannot read spec.config of NetworkAttachmentDefinition ns/a: "],
  ["a list", "[]", "it is [], must be a JSON object"],
  ["no type", { cniVersion: "1.0.0" }, "type of plugin 0 is missing, must be the name of a plugin"],
  ["a path for a type", { type: "../x" }, 'type of plugin 0 is "../x", must be the name of a plugin'],
  ["a list of nothing", { plugins: [] }, "plugins is [], must be a list of plugins"],
  ["a bad name", { name: "a/b", type: "x" }, 'name is "a/b", must be a network name'],
  ["danm in a chain", { plugins: [{ type: "danm" }, { type: "x" }] }, "plugin 0 is danm, which would call itself"],
];

for (const [what, config, problem] of REFUSED) {
  Deno.test(`readDefinitionContent() refuses ${what}`, () => {
    assertThrows(() => contentOf(config), DelegateFileError, problem);
  });
}

Deno.test("isInFile() tells definitions without a configuration", () => {
  assertEquals([definition(), definition(""), definition(" \n"), definition({})].map(isInFile), [
    true,
    true,
    true,
    false,
  ]);
});

function files(contents: Readonly<Record<string, unknown>>) {
  return Object.entries(contents).map(([name, content]) => ({
    name,
    text: typeof content === "string" ? content : JSON.stringify(content),
  }));
}

const PICKED: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["9-x.conf", { "1-y.conf": { name: "b" }, "2-broken.conf": "{", "9-x.conf": { name: "a" } }],
  ["9-x.conflist", { "1-y.conf": { name: "a" }, "9-x.conflist": { name: "a" } }],
  ["9-x.conf", { "9-x.conf": { name: "a" }, "a.conflist": { name: "b" } }],
  ["a.json", { "a.json": { type: "x" }, "b.conf": { name: "b" } }],
  ["a.conf", { "a.conf": { type: "x" }, "b.conf": { name: "b" } }],
];

for (const [name, contents] of PICKED) {
  Deno.test(`pickDefinitionFile() picks ${name} of ${Object.keys(contents)}`, () => {
    assertEquals(pickDefinitionFile(definition(), files(contents)).name, name);
  });
}

Deno.test("pickDefinitionFile() says what it looked for", () => {
  assertThrows(
    () => pickDefinitionFile(definition(), files({ "1-y.conf": { name: "b" } })),
    DelegateFileError,
    "Cannot configure NetworkAttachmentDefinition ns/a: its spec.config is empty and there is no CNI configuration file " +
      'for it, must be one with the name "a", or called a.conflist or a.conf',
  );
});

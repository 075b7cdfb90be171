import { assertEquals, assertThrows } from "@std/assert";
import { DelegateFileError, parseDelegateFile, pickDelegateChain } from "./delegate_file.ts";

const file = (name: string, content: unknown) => ({ name, text: JSON.stringify(content) });
const BRIDGE = file("20-bridge.conf", { cniVersion: "1.0.0", name: "lan", type: "bridge" });

Deno.test("pickDelegateChain() passes over files of others that make no sense", () => {
  const foreign = [null, [null], [1], ["bridge"], [], {}, "bridge"].map((plugins, index) =>
    file(`1${index}-foreign.conflist`, { cniVersion: "1.0.0", name: "bridge", plugins })
  );
  const broken = [{ name: "00-broken.conf", text: "{" }, file("01-list.conf", [BRIDGE]), file("02-null.conf", null)];
  const { configs } = pickDelegateChain([...broken, ...foreign, BRIDGE], undefined, "bridge");
  assertEquals(configs.map(({ name, type }) => [name, type]), [["lan", "bridge"]]);
});

Deno.test("pickDelegateChain() says what is wrong with the very file that a network names", () => {
  const named = (plugins: unknown) => [file("lan.conflist", { cniVersion: "1.0.0", name: "lan", plugins })];
  assertThrows(
    () => pickDelegateChain(named([null]), "lan", "bridge"),
    DelegateFileError,
    "type of plugin 0 is missing",
  );
  assertThrows(() => pickDelegateChain(named([]), "lan", "bridge"), DelegateFileError, "plugins is [], must be");
});

const typesIn = (name: string, content: object) =>
  parseDelegateFile(file(name, { name: "net", ...content })).configs.map(({ type }) => type);

Deno.test("parseDelegateFile() takes a file with plugins for a list, whatever its ending", () => {
  const plugins = [{ type: "bridge" }, { type: "tuning" }];
  assertEquals(typesIn("a.conf", { plugins }), ["bridge", "tuning"]);
  assertEquals(typesIn("a.conflist", { plugins }), ["bridge", "tuning"]);
  assertEquals(typesIn("a.conf", { type: "ignored", plugins }), ["bridge", "tuning"]);
});

Deno.test("parseDelegateFile() takes a file without plugins for one plugin, if it may be one", () => {
  assertEquals(typesIn("a.conf", { type: "bridge" }), ["bridge"]);
  assertEquals(typesIn("a.conf", { type: "bridge", plugins: null }), ["bridge"]);
  assertThrows(() => typesIn("a.conflist", { type: "bridge" }), DelegateFileError, "must be a list of plugins");
});

Deno.test("parseDelegateFile() refuses lists of nothing", () => {
  for (const plugins of [[], {}, "bridge", 5, false]) {
    assertThrows(() => typesIn("a.conf", { plugins }), DelegateFileError, "must be a list of plugins");
  }
  assertThrows(() => typesIn("a.conf", { plugins: [null] }), DelegateFileError, "type of plugin 0 is");
});

Deno.test("pickDelegateChain() finds a list in a file that ends in .conf, by NetworkID and by type", () => {
  const list = file("lan.conf", { name: "net", plugins: [{ type: "bridge" }, { type: "tuning" }] });
  assertEquals(pickDelegateChain([list], "lan", "bridge").configs.length, 2);
  const others = [file("x.conf", { name: "net", type: "ptp" }), list];
  assertEquals(pickDelegateChain(others, undefined, "bridge").configs.length, 2);
});

import { assertEquals, assertThrows } from "@std/assert";
import { DelegateFileError, pickDelegateChain } from "./delegate_file.ts";

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
    "type of plugin 0 is undefined",
  );
  assertThrows(() => pickDelegateChain(named([]), "lan", "bridge"), DelegateFileError, "plugins is [], must be");
});

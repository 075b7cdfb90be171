import { assertEquals } from "@std/assert";
import plugin from "./plugin.ts";

/** The rules that object to a file of this content. */
function objections(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, file, source).map(({ id }) => id);
}

const IMPORTS: readonly { file: string; source: string; refused: boolean }[] = [
  // upward
  { file: "lib/net/a.ts", source: `import { pick } from "../ipam/pick.ts";`, refused: true },
  { file: "lib/ipam/a.ts", source: `import type { Client } from "../kube/client.ts";`, refused: true },
  { file: "lib/ipam/a.ts", source: `export { createClient } from "../kube/client.ts";`, refused: true },
  { file: "lib/ipam/a.ts", source: `export * from "../kube/client.ts";`, refused: true },
  { file: "lib/ipam/a.ts", source: `const kube = await import("../kube/client.ts");`, refused: true },
  { file: "lib/ipam/a.ts", source: `export type A = import("../kube/client.ts").Client;`, refused: true },
  { file: "lib/link/a.ts", source: `import { attach } from "../plugin/attach.ts";`, refused: true },
  { file: "lib/ipam/a_test.ts", source: `import { createClient } from "../kube/client.ts";`, refused: true },
  // sideways
  { file: "lib/link/a.ts", source: `import { lock } from "../host/lock.ts";`, refused: true },
  { file: "lib/kube/deep/a.ts", source: `import { lock } from "../../host/lock.ts";`, refused: true },
  { file: "lib/process/a.ts", source: `import { lock } from "../host/lock.ts";`, refused: true },
  { file: "lib/link/a.ts", source: `import { run } from "../process/run.ts";`, refused: false },
  { file: "lib/net/a.ts", source: `import { request } from "../cni/request.ts";`, refused: false },
  { file: "lib/attach/a.ts", source: `import { pool } from "../ipam/pool.ts";`, refused: false },
  { file: "lib/plugin/a.ts", source: `import { run } from "../delegate/run.ts";`, refused: false },
  // within, and downward
  { file: "lib/link/a.ts", source: `import { b } from "./b.ts";`, refused: false },
  { file: "lib/link/a.ts", source: `import { parse } from "../net/address.ts";`, refused: false },
  { file: "lib/plugin/a.ts", source: `import { lock } from "../host/lock.ts";`, refused: false },
  // libraries
  { file: "lib/net/a.ts", source: `import { assert } from "@std/assert";`, refused: false },
  { file: "lib/net/a.ts", source: `import { connect } from "node:net";`, refused: true },
  { file: "lib/attach/a.ts", source: `import { env } from "node:process";`, refused: true },
  { file: "lib/host/a.ts", source: `import { connect } from "node:net";`, refused: false },
  // programs and tests
  { file: "cmd/danm/main.ts", source: `import { danm } from "../../lib/plugin/danm.ts";`, refused: false },
  { file: "cmd/danm/main.ts", source: `import { run } from "../webhook/main.ts";`, refused: true },
  { file: "cmd/danm/main.ts", source: `import { netns } from "../../tests/netns.ts";`, refused: true },
  { file: "lib/plugin/a.ts", source: `import { main } from "../../cmd/danm/main.ts";`, refused: true },
  { file: "lib/plugin/a.ts", source: `import { netns } from "../../tests/netns.ts";`, refused: true },
  { file: "lib/plugin/a_test.ts", source: `import { netns } from "../../tests/netns.ts";`, refused: false },
  { file: "tests/demo/main.ts", source: `import { danm } from "../../lib/plugin/danm.ts";`, refused: false },
  { file: "crds/render.ts", source: `import { schema } from "../lib/api/schema.ts";`, refused: false },
  // folders of lib have a layer
  { file: "lib/helpers/a.ts", source: `export const a = 1;`, refused: true },
];

Deno.test("layers refuses imports of higher layers, other adapters, programs and tests", () => {
  for (const { file, source, refused } of IMPORTS) {
    assertEquals(objections(file, source), refused ? ["danm/layers"] : [], `${file}: ${source}`);
  }
});

const USES: readonly { file: string; source: string; refused: boolean }[] = [
  { file: "lib/net/a.ts", source: `export const name = Deno.hostname();`, refused: true },
  { file: "lib/ipam/a.ts", source: `const { env } = Deno; export const path = env.get("PATH");`, refused: true },
  { file: "lib/ipam/a.ts", source: `export const os = globalThis.Deno;`, refused: true },
  { file: "lib/ipam/a.ts", source: `export function run(command: Deno.Command) {}`, refused: true },
  { file: "lib/admit/a.ts", source: `export const page = await fetch("https://127.0.0.1");`, refused: true },
  { file: "lib/api/a.ts", source: `export const home = process.env.HOME;`, refused: true },
  { file: "lib/api/a.ts", source: `console.log("made");`, refused: true },
  { file: "lib/ipam/a.ts", source: `export const get = (port: { fetch(): string }) => port.fetch();`, refused: false },
  { file: "lib/ipam/a.ts", source: `export const ports = { process: 1, fetch: 2 };`, refused: false },
  { file: "lib/ipam/a_test.ts", source: `Deno.test("a", () => {});`, refused: false },
  { file: "lib/link/a.ts", source: `export const name = Deno.hostname();`, refused: false },
  { file: "lib/process/a.ts", source: `export const name = Deno.hostname();`, refused: false },
  { file: "cmd/danm/main.ts", source: `Deno.exit(1);`, refused: false },
];

Deno.test("pure refuses input and output in layers 0 and 1", () => {
  for (const { file, source, refused } of USES) {
    assertEquals(objections(file, source), refused ? ["danm/pure"] : [], `${file}: ${source}`);
  }
});

Deno.test("length refuses a file over 400 lines and an entry point over 60", () => {
  const lines = (count: number) => "export {};\n".repeat(count);
  assertEquals(objections("lib/net/a.ts", lines(400)), []);
  assertEquals(objections("lib/net/a.ts", lines(401)), ["danm/length"]);
  assertEquals(objections("cmd/danm/main.ts", lines(60)), []);
  assertEquals(objections("cmd/danm/main.ts", lines(61)), ["danm/length"]);
});

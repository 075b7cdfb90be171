/** What may not be done or looked at is an error, and never taken for what is not there. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { createNamespace } from "../../tests/netns.ts";

const HERE = import.meta.resolve("./");
const CONFIG = fromFileUrl(import.meta.resolve("../../deno.json"));

/** Every way to ask for something in a namespace, or whether there is one. */
const CALLS = {
  removeFromNamespace: `removeFromNamespace(path, [["link", "del", "dev", "a"]])`,
  readLinks: `readLinks(path, { name: "a" })`,
  readNamespace: `readNamespace(path)`,
  configureNamespace: `configureNamespace(path, [ensureNoLink("a")])`,
  openNamespace: `openNamespace(path, [])`,
  ipBatch: `ipBatch([["link", "del", "dev", "a"]], path)`,
  readNamespaceIds: `readNamespaceIds([path])`,
  readNamespaceId: `readNamespaceId(path)`,
};

/** What calling all of that comes to in a process without capabilities: `done`, or the name of the error, by call. */
async function callWithoutRights(path: string, folder: string): Promise<Record<string, string>> {
  const script = `${folder}/script.ts`;
  const files = ["remove_from_namespace", "read_links", "read_namespace", "configure_namespace", "open_namespace"];
  await Deno.writeTextFile(
    script,
    [
      ...[...files, "ip_batch", "namespace_id"].map((file) => `import * as ${file} from "${HERE}${file}.ts";`),
      "const { removeFromNamespace } = remove_from_namespace, { readLinks } = read_links, { ipBatch } = ip_batch;",
      "const { readNamespace } = read_namespace, { configureNamespace, ensureNoLink } = configure_namespace;",
      "const { openNamespace } = open_namespace, { readNamespaceId, readNamespaceIds } = namespace_id;",
      `const path = ${JSON.stringify(path)};`,
      "const outcomes: Record<string, string> = {};",
      ...Object.entries(CALLS).map(([name, call]) =>
        `outcomes.${name} = await ${call}.then(() => "done", (error) => error.name);`
      ),
      "console.log(JSON.stringify(outcomes));",
    ].join("\n"),
  );
  const deno = [Deno.execPath(), "run", "-A", "--no-check", `--config=${CONFIG}`, script];
  const args = ["--inh-caps=-all", "--bounding-set=-all", "--", ...deno];
  const { stdout, stderr } = await new Deno.Command("setpriv", { args, stdin: "null" }).output();
  const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (text === "") throw new Error(complaint);
  return JSON.parse(text!);
}

Deno.test("nothing is taken for done in a namespace that may not be entered", async () => {
  await using namespace = await createNamespace();
  await namespace.ip("link", "add", "name", "a", "type", "bridge");
  const folder = await Deno.makeTempDir();
  try {
    const { readNamespaceIds, readNamespaceId, ...outcomes } = await callWithoutRights(namespace.path, folder);
    assertEquals([readNamespaceIds, readNamespaceId], ["done", "done"], "to look at it, it need not be entered");
    for (const [call, outcome] of Object.entries(outcomes)) assertEquals(/^(Ip)?Error$/.test(outcome), true, call);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals((await namespace.ip("-br", "link", "show", "dev", "a")).startsWith("a "), true);
});

Deno.test("nothing is taken for absent where this process may not look", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/closed`, { mode: 0o000 });
    const outcomes = await callWithoutRights(`${folder}/closed/netns`, folder);
    for (const [call, outcome] of Object.entries(outcomes)) assertEquals(/^(Ip)?Error$/.test(outcome), true, call);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { launcher } from "./launcher.ts";

/** A program that shows what reaches it and what it may do. */
const PROGRAM = `
const state = (name) => Deno.permissions.querySync({ name }).state;
console.log(JSON.stringify({ args: Deno.args, home: Deno.env.get("HOME"), net: state("net"), read: state("read") }));
if (Deno.args[0] === "read") Deno.readTextFileSync("/etc/hostname");
Deno.exit(3);
`;

/** Starts PROGRAM as a launcher in a folder of a difficult name, with an empty environment and in the root folder. */
async function launch(args: readonly string[], environment: readonly string[] = []) {
  const folder = await Deno.makeTempDir({ prefix: "danm it's a $HOME " });
  try {
    const file = `${folder}/program`;
    // Nothing can ever be written below /dev/null.
    const runtime = { deno: Deno.execPath(), cache: "/dev/null/it's a cache" };
    await Deno.writeTextFile(file, launcher(PROGRAM, ["--allow-net", "--allow-env=HOME"], runtime));
    await Deno.chmod(file, 0o755);
    const command = new Deno.Command("env", { args: ["-i", ...environment, file, ...args], cwd: "/", stdin: "null" });
    const { code, stdout, stderr } = await command.output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("launcher() makes a program of its own: arguments in, exit code out, nothing said", async () => {
  const { code, stdout, stderr } = await launch(["a b", "--help", "it's"], ["HOME=/nowhere"]);
  const shown = { args: ["a b", "--help", "it's"], home: "/nowhere", net: "granted", read: "prompt" };
  assertEquals({ code, shown: JSON.parse(stdout), stderr }, { code: 3, shown, stderr: "" });
});

Deno.test("launcher() makes a program that needs no environment", async () => {
  assertEquals((await launch([])).code, 3);
});

Deno.test("launcher() makes a program that is refused what it was not given, without a question", async () => {
  const { code, stderr } = await launch(["read"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Requires read access");
});

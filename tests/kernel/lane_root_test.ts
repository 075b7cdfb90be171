import { assertEquals, assertStringIncludes } from "@std/assert";

async function lane(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = new URL("lane.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", program, ...args], stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("lane.ts ends like deno test, with its report, when a test fails", async () => {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const file = new URL("testdata/one_of_two_fails.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await lane(`--junit-path=${report}`, file);
  assertEquals(code, 1, stderr);
  assertStringIncludes(stdout, "the cluster of the host answers under the same address ... ok");
  assertStringIncludes(stdout, "FAILED | 1 passed | 1 failed");
  assertStringIncludes(await Deno.readTextFile(report), `<testsuites name="deno test" tests="2" failures="1"`);
  await Deno.remove(report);
});

Deno.test("lane.ts fails before anything starts when a file is missing or does not compile", async () => {
  const { code, stderr } = await lane("no_such_file.ts");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "no_such_file.ts");
});

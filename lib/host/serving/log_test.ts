import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path/posix";
import { isLogLevel, openLog } from "./log.ts";
import { runProcess } from "../../process/run_process.ts";
import { inDirectory } from "../../../tests/in_directory.ts";

const readLines = (text: string) => text.split("\n").slice(0, -1).map((line) => JSON.parse(line));

/** Runs `body`, which may use `openLog`, in a process of its own. */
function run(body: string) {
  const code = `import { openLog } from ${JSON.stringify(import.meta.resolve("./log.ts"))}; ${body}`;
  const config = fromFileUrl(import.meta.resolve("../../../deno.json"));
  const args = ["eval", "--no-check", "--config", config, code];
  return runProcess({ program: Deno.execPath(), args }, AbortSignal.timeout(30_000));
}

Deno.test("openLog() appends one JSON line per call, of its level or above", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.log");
    for (const cid of ["a", "b"]) {
      using log = openLog(path, "info", { cid });
      log.write("debug", "unheard");
      log.write("info", "ADD", { ms: 62, ips: ["10.0.0.1"], size: 2n ** 64n, level: "fake" });
      log.write("error", "DEL\nfailed", { error: new Error("no such link") });
    }
    const lines = readLines(await Deno.readTextFile(path));
    for (const line of lines) {
      assertEquals(new Date(line.time).toISOString(), line.time);
      delete line.time;
    }
    assertEquals(
      lines,
      ["a", "b"].flatMap((cid) => [
        { level: "info", message: "ADD", cid, ms: 62, ips: ["10.0.0.1"], size: "18446744073709551616" },
        { level: "error", message: "DEL\nfailed", cid, error: "no such link" },
      ]),
    );
  });
});

Deno.test("openLog() writes what can be written of fields that JSON cannot hold", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.log");
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    using log = openLog(path, "info");
    log.write("info", "odd", { loop });
    assertEquals(readLines(await Deno.readTextFile(path))[0].message, "odd");
  });
});

Deno.test("openLog() goes on to standard error, having said why, when the file cannot be written", async (t) => {
  for (const [path, reason] of [["/no/such/directory/danm.log", "No such file"], ["/dev/full", "No space left"]]) {
    await t.step(path!, async () => {
      const body = `using log = openLog(${
        JSON.stringify(path)
      }, "info"); log.write("info", "1"); log.write("info", "2");`;
      const { code, stderr } = await run(body);
      const [why, ...lines] = readLines(stderr);
      assertEquals([code, why.message, why.reason.includes(reason)], [0, `Cannot write log ${path}`, true]);
      assertEquals(lines.map(({ message }) => message), ["1", "2"]);
    });
  }
});

Deno.test("openLog() never throws, even when nobody listens to standard error", async () => {
  const body =
    `Deno.stderr.close(); using log = openLog("/no/such/directory/danm.log", "info"); log.write("info", "1");`;
  assertEquals((await run(body + ' console.log("still here");')).stdout, "still here\n");
});

Deno.test("openLog() keeps lines of several processes apart", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.log");
    const body = `using log = openLog(${JSON.stringify(path)}, "info");
      for (let n = 0; n < 300; n++) log.write("info", "line", { n, padding: "x".repeat(n * 20) });`;
    assertEquals((await Promise.all([run(body), run(body), run(body)])).map(({ stderr }) => stderr), ["", "", ""]);
    const numbers = readLines(await Deno.readTextFile(path)).map(({ n }) => n).sort((a, b) => a - b);
    assertEquals(numbers, Array.from({ length: 900 }, (_, index) => Math.floor(index / 3)));
  });
});

Deno.test("isLogLevel() knows the four levels", () => {
  assertEquals(["debug", "info", "warning", "error", "INFO", ""].map(isLogLevel), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

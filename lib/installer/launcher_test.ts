import { assertEquals } from "@std/assert";
import { launcher } from "../../tests/build/launcher.ts";
import { binaryScript, launchScript, parseLauncher } from "./launcher.ts";

/** A Deno whose path needs quoting, flags of which one does. */
const RUNTIME = { deno: "/opt/it's here/deno", cache: "/nowhere/it's a cache" };
const FLAGS = ["--allow-net", "--allow-read=/a b"];

Deno.test("parseLauncher() reads what the build writes", () => {
  const launch = parseLauncher(launcher("console.log(1);\n", FLAGS, RUNTIME));
  assertEquals(launch, {
    deno: RUNTIME.deno,
    words: "run --no-config --no-lock --cached-only --no-prompt --ext=js --allow-net '--allow-read=/a b'",
  });
});

Deno.test("parseLauncher() takes nothing else for a launcher", () => {
  const whole = launcher("", FLAGS, RUNTIME);
  for (const text of ["", "\x7fELF\x02", "#!/bin/sh\necho\n", whole.replace("exec ", "exec; "), whole.slice(0, 80)]) {
    assertEquals(parseLauncher(text), undefined, text);
  }
});

Deno.test("launchScript() and binaryScript() make programs that run their own file, with all arguments", async () => {
  const folder = await Deno.makeTempDir({ prefix: "it's a folder " });
  try {
    const program = `${folder}/program`;
    const launch = parseLauncher(launcher("", ["--allow-env=HOME"], { ...RUNTIME, deno: Deno.execPath() }))!;
    await Deno.writeTextFile(
      program,
      "console.log(JSON.stringify(Deno.args), Deno.mainModule.slice(-7)); Deno.exit(3);",
    );
    await Deno.writeTextFile(`${folder}/launch`, launchScript(launch, program, "/dev/null/cache"), { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/exec`, binaryScript(`${folder}/launch`, "/dev/null"), { mode: 0o755 });
    for (const name of ["launch", "exec"]) {
      const command = new Deno.Command(`${folder}/${name}`, { args: ["a b", "it's"], clearEnv: true, cwd: "/" });
      const { code, stdout } = await command.output();
      assertEquals([code, new TextDecoder().decode(stdout)], [3, `["a b","it's"] program\n`], name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { placeFile, placingName } from "./place_file.ts";
import { inDirectory } from "../../../tests/in_directory.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("placeFile() makes and replaces files, and nothing else, with the mode it is told", async () => {
  await inDirectory(async (folder) => {
    const path = `${folder}/a`;
    await placeFile(path, { text: "first" }, 0o600);
    await placeFile(`${folder}/b`, { copyOf: path }, 0o755);
    await placeFile(path, { text: "second" }, 0o666);
    assertEquals([await Deno.readTextFile(path), await Deno.readTextFile(`${folder}/b`)], ["second", "first"]);
    assertEquals([path, `${folder}/b`].map((each) => Deno.statSync(each).mode! & 0o777), [0o666, 0o755]);
    assertEquals(names(folder), ["a", "b"]);
  });
});

Deno.test("placeFile() uses up what a killed placer left, whatever it is", async () => {
  await inDirectory(async (folder) => {
    for (
      const leave of [Deno.writeTextFileSync, (path: string) => Deno.mkdirSync(`${path}/folder`, { recursive: true })]
    ) {
      leave(placingName(`${folder}/a`), "leftover");
      await placeFile(`${folder}/a`, { text: "text" }, 0o644);
      assertEquals([names(folder), await Deno.readTextFile(`${folder}/a`)], [["a"], "text"]);
    }
  });
});

Deno.test("placeFile() leaves the old file when it fails", async () => {
  await inDirectory(async (folder) => {
    await placeFile(`${folder}/a`, { text: "old" }, 0o644);
    await assertRejects(() => placeFile(`${folder}/a`, { copyOf: `${folder}/missing` }, 0o644), Deno.errors.NotFound);
    assertEquals([names(folder), await Deno.readTextFile(`${folder}/a`)], [["a"], "old"]);
  });
});

Deno.test("placeFile() replaces a program that is started all the time", async () => {
  await inDirectory(async (folder) => {
    const path = `${folder}/program`;
    const place = (version: number) => placeFile(path, { text: `#!/bin/sh\nexit ${version}\n` }, 0o755);
    await place(0);
    // Shells, as what this process forks may hold for an instant what it has open.
    const loop = 'while [ -e "$1" ]; do "$1"; echo $?; done';
    const shells = [1, 2, 3].map(() => new Deno.Command("sh", { args: ["-c", loop, "sh", path] }).output());
    for (let version = 1; version <= 300; version++) await place(version % 100);
    await Deno.remove(path);
    const codes = (await Promise.all(shells)).flatMap(({ stdout }) =>
      new TextDecoder().decode(stdout).trim().split("\n")
    );
    // A shell that meets the file's end finds none (127); one that cannot execute what there is says 126.
    assertEquals([codes.length > 100, codes.filter((code) => code === "126")], [true, []]);
  });
});

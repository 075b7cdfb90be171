import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path/posix";
import { inDirectory } from "./testdata/in_directory.ts";
import { writeFileAtomic } from "./write_file_atomic.ts";

Deno.test("writeFileAtomic() makes and replaces a file with the mode it is told", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.conf");
    for (const mode of [0o600, 0o666, 0o755]) {
      await writeFileAtomic(path, `text ${mode}`, mode);
      assertEquals(await Deno.readTextFile(path), `text ${mode}`);
      assertEquals(Deno.statSync(path).mode! & 0o777, mode);
    }
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["danm.conf"]);
  });
});

Deno.test("writeFileAtomic() shows every reader the old or the new text whole", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.conf");
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(300_000));
    await writeFileAtomic(path, texts[0]!, 0o600);
    let isWriting = true;
    const writing = (async () => {
      for (let round = 0; round < 10; round++) {
        await Promise.all(texts.map((text) => writeFileAtomic(path, text, 0o600)));
      }
      isWriting = false;
    })();
    while (isWriting) assert(texts.includes(await Deno.readTextFile(path)), "a reader saw a part");
    await writing;
  });
});

Deno.test("writeFileAtomic() uses up what a killed writer left", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "danm.conf");
    await Deno.writeTextFile(`${path}.tmp`, "x".repeat(100_000));
    await writeFileAtomic(path, "text", 0o600);
    assertEquals(await Deno.readTextFile(path), "text");
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["danm.conf"]);
  });
});

Deno.test("writeFileAtomic() leaves the old file, and nothing else, when it fails", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "folder");
    await Deno.mkdir(path);
    await assertRejects(() => writeFileAtomic(path, "text", 0o600), Error, "folder");
    assertEquals([...Deno.readDirSync(directory)].map(({ name, isDirectory }) => [name, isDirectory]), [[
      "folder",
      true,
    ]]);
  });
});

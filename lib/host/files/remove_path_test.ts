import { assertEquals } from "@std/assert";
import { removeIfEmpty } from "./remove_path.ts";
import { inDirectory } from "../../../tests/in_directory.ts";

/** Makes a mount point `mounted` in a folder that is only to be read, and removes it there. */
const SCRIPT = `
mount --bind "$1" "$1" && mkdir "$1/mounted" "$1/busy" && mount -t tmpfs none "$1/mounted" &&
mount -t tmpfs none "$1/busy" && exec "$2" eval --no-check --config "$3" "
  import { removeIfEmpty } from '$4';
  await removeIfEmpty('$1/busy');
  new Deno.Command('mount', { args: ['-o', 'remount,ro,bind', '$1'] }).outputSync();
  await removeIfEmpty('$1/mounted');
"`;

Deno.test("removeIfEmpty() removes an empty folder, and leaves one that holds something", async () => {
  await inDirectory(async (folder) => {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    await removeIfEmpty(`${folder}/a`);
    assertEquals(Deno.statSync(`${folder}/a/b`).isDirectory, true);
    await removeIfEmpty(`${folder}/a/b`);
    await removeIfEmpty(`${folder}/a/b`);
    assertEquals([...Deno.readDirSync(`${folder}/a`)], []);
  });
});

Deno.test("removeIfEmpty() leaves a mount point, also where nothing can be written", async () => {
  await inDirectory(async (folder) => {
    const paths = ["../../../deno.json", "./remove_path.ts"].map((path) => new URL(path, import.meta.url).pathname);
    const args = ["--mount", "sh", "-c", SCRIPT, "sh", folder, Deno.execPath(), ...paths];
    const { code, stderr } = await new Deno.Command("unshare", { args, env: { NO_COLOR: "1" } }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  });
});

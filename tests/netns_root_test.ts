import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace, joinNamespaces } from "./netns.ts";

async function names(): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir("/var/run/netns"))).map(({ name }) => name);
}

Deno.test("createNamespace() makes a namespace that goes with its owner, also when that fails", async () => {
  let name = "";
  await assertRejects(async () => {
    await using namespace = await createNamespace();
    name = namespace.name;
    assertEquals((await names()).includes(name), true);
    throw new Error("test failed");
  });
  assertEquals((await names()).includes(name), false);
});

Deno.test("createNamespace() makes a namespace that may be disposed of twice", async () => {
  await using namespace = await createNamespace();
  await namespace[Symbol.asyncDispose]();
});

Deno.test("createNamespace() removes what a run left that was killed", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      const { createNamespace } = await import(${JSON.stringify(import.meta.resolve("./netns.ts"))});
      const { name } = await createNamespace();
      console.log(name);
      Deno.kill(Deno.pid, "SIGKILL");
    `,
    ],
    stdin: "null",
    stdout: "piped",
  });
  const left = new TextDecoder().decode((await child.output()).stdout).trim();
  assertEquals((await names()).includes(left), true);
  const next = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      const { createNamespace } = await import(${JSON.stringify(import.meta.resolve("./netns.ts"))});
      await using namespace = await createNamespace();
    `,
    ],
    stdin: "null",
  });
  assertEquals((await next.output()).success, true);
  assertEquals((await names()).includes(left), false);
});

Deno.test("joinNamespaces() makes a link with both ends up", async () => {
  await using a = await createNamespace();
  await using b = await createNamespace();
  await joinNamespaces({ namespace: a, name: "a0" }, { namespace: b, name: "b0" });
  const ends = await Promise.all([a.ip("-brief", "link", "show", "up"), b.ip("-brief", "link", "show", "up")]);
  assertEquals(ends.map((text) => /LOWER_UP.*\n?$/.test(text)), [true, true], ends.join());
});

Deno.test("spawn() starts a program inside, and ends it", async () => {
  await using namespace = await createNamespace();
  let pid = 0;
  {
    await using process = await namespace.spawn("sleep", "infinity");
    pid = process.pid;
    const [inside, named] = await Promise.all([Deno.stat(`/proc/${pid}/ns/net`), Deno.stat(namespace.path)]);
    assertEquals(inside.ino, named.ino);
  }
  await assertRejects(() => Deno.stat(`/proc/${pid}`), Deno.errors.NotFound);
});

Deno.test("run() rejects with what the program printed", async () => {
  await using namespace = await createNamespace();
  await assertRejects(() => namespace.ip("link", "show", "none"), Error, 'Device "none" does not exist.');
});

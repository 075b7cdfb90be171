import { assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { watchLinks } from "./watch_links.ts";

/** Links of this process's own namespace are changed: any name will do that nobody else has. */
const NAME = `w${crypto.randomUUID().slice(0, 8)}`;

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** The `ip monitor link` that the process `pid`, or one that it started, has started. */
async function monitorOf(pid: number): Promise<number> {
  return await eventually("find the process", async () => {
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^[0-9]+$/.test(name)) continue;
      const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      if (/^([^\0]*\/)?ip\0monitor\0link\0$/.test(command) && await isUnder(name, pid)) return Number(name);
    }
    return undefined;
  });
}

async function isUnder(name: string, pid: number): Promise<boolean> {
  for (let at = name; at !== "0";) {
    if (Number(at) === pid) return true;
    const status = await Deno.readTextFile(`/proc/${at}/status`).catch(() => "");
    at = /^PPid:\s*([0-9]+)$/m.exec(status)?.[1] ?? "0";
  }
  return false;
}

Deno.test("watchLinks() tells of links that come, change and go, until the signal fires", async () => {
  const stop = new AbortController();
  let heard = 0;
  const watching = watchLinks(() => heard++, stop.signal);
  try {
    // Until it listens nothing is told.
    await eventually("hear of a new link", async () => {
      await ip("link", "add", NAME, "type", "bridge");
      await ip("link", "del", NAME);
      return heard || undefined;
    });
    await ip("link", "add", NAME, "type", "bridge");
    for (const change of [["set", NAME, "mtu", "1400"], ["del", NAME]]) {
      const before = heard;
      await ip("link", ...change);
      await eventually(`hear of ${change.join(" ")}`, () => heard > before || undefined);
    }
  } finally {
    stop.abort();
    await watching;
  }
});

Deno.test("watchLinks() fails when ip ends by itself", async () => {
  const watching = watchLinks(() => {}, new AbortController().signal);
  const failed = assertRejects(() => watching, Error, "Cannot watch links: ip monitor ended with code");
  Deno.kill(await monitorOf(Deno.pid), "SIGKILL");
  await failed;
});

Deno.test("watchLinks() leaves nothing behind when its process is killed", async () => {
  const module = import.meta.resolve("./watch_links.ts");
  const script = `import { watchLinks } from ${
    JSON.stringify(module)
  }; await watchLinks(() => {}, new AbortController().signal);`;
  const watcher = new Deno.Command(Deno.execPath(), { args: ["eval", script] }).spawn();
  const monitor = await monitorOf(watcher.pid);
  watcher.kill("SIGKILL");
  await watcher.status;
  await eventually("see ip end", () => Deno.stat(`/proc/${monitor}`).then(() => undefined, () => true));
});

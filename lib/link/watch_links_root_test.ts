import { assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { watchLinks } from "./watch_links.ts";

/** Links of this process's own namespace are changed: any name will do that nobody else has. */
const NAME = `w${crypto.randomUUID().slice(0, 8)}`;

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function threads(): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${Deno.pid}/task`))).map(({ name }) => name);
}

/** The processes that this thread started. */
async function childrenOf(thread: string): Promise<string[]> {
  return (await Deno.readTextFile(`/proc/${Deno.pid}/task/${thread}/children`)).split(" ").filter((pid) => pid !== "");
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
  const child = await eventually("find the process", async () => {
    const children = (await Promise.all((await threads()).map(childrenOf))).flat();
    const commands = await Promise.all(children.map((pid) => Deno.readTextFile(`/proc/${pid}/cmdline`)));
    return children[commands.findIndex((command) => command.endsWith("ip\0monitor\0link\0"))];
  });
  Deno.kill(Number(child), "SIGKILL");
  await failed;
});

import { assertEquals } from "@std/assert";
import { readSettings } from "../../lib/installer/settings.ts";

Deno.test("the guide lists all settings", async () => {
  const guide = await Deno.readTextFile(new URL("../../docs/install.md", import.meta.url));
  const [, table = ""] = /<!-- settings -->(.*)<!-- \/settings -->/s.exec(guide) ?? [];
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const listed = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, key]) => key!));
  assertEquals(listed.sort(), known());
});

/** The keys that settings may have: an unknown one is told them. */
function known(): string[] {
  try {
    readSettings(new Map([["unknown", "x"]]));
  } catch (error) {
    return (error as Error).message.replace(/.*one of /, "").split(", ");
  }
  throw new Error("an unknown setting is taken");
}

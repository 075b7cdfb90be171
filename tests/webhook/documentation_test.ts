import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { ruleTable } from "../../lib/admit/rule_table.ts";

const DOCUMENT = fromFileUrl(new URL("../../docs/webhook.md", import.meta.url));

Deno.test("docs/webhook.md has the table of rules that the code applies", async () => {
  const [, table] = /<!-- rules -->\n\n(.*?)\n\n<!-- \/rules -->/s.exec(await Deno.readTextFile(DOCUMENT)) ?? [];
  const cells = (text = "") => text.split("\n").map((line) => line.replace(/\s*\|\s*/g, "|").replace(/-+/g, "-"));
  assertEquals(cells(table), cells(ruleTable()), "print ruleTable() of lib/admit/rule_table.ts");
});

import { assertEquals } from "@std/assert";
import { parseAddress } from "../net/address.ts";
import { addRule, deleteRule, parseRule, type Rule, sameRule } from "./rule.ts";

const rule4: Rule = { from: parseAddress("10.0.0.2")!, table: 7 };
const rule6: Rule = { from: parseAddress("fd00::2")!, table: 7 };

Deno.test("addRule() and deleteRule() name address, table and priority", () => {
  assertEquals(addRule(rule4).join(" "), "rule add from 10.0.0.2/32 lookup 7 priority 30000");
  assertEquals(deleteRule(rule6).join(" "), "-6 rule del from fd00::2/128 lookup 7 priority 30000");
});

Deno.test("parseRule() reads what ip prints", () => {
  assertEquals(parseRule({ priority: 30000, src: "10.0.0.2", table: "7", protocol: "0" }), rule4);
  assertEquals(parseRule({ priority: 30000, src: "fd00::2", table: "7" }), rule6);
});

for (
  const [what, json] of Object.entries({
    "a rule for everyone": { priority: 32766, src: "all", table: "254" },
    "a rule for a subnet": { priority: 5, src: "10.0.0.0", srclen: 24, table: "7" },
    "a rule with a further condition": { priority: 5, src: "10.0.0.2", fwmark: "0x1", table: "7" },
    "a rule for an address that no network has": { priority: 5, src: "::ffff:10.0.0.2", table: "7" },
    "a rule without a table": { priority: 5, src: "10.0.0.2", action: "unreachable" },
  })
) {
  Deno.test(`parseRule() leaves out ${what}`, () => assertEquals(parseRule(json), undefined));
}

Deno.test("sameRule() compares address and table", () => {
  assertEquals(sameRule(rule4, { ...rule4 }), true);
  assertEquals(sameRule(rule4, { ...rule4, table: 8 }), false);
  assertEquals(sameRule(rule4, rule6), false);
});

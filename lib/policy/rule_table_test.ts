import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Address, parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import type { AllowRule, InterfaceRules } from "./interface_rules.ts";
import { type RuleTable, ruleTable } from "./rule_table.ts";
import { changeScript, REMOVE_SCRIPT, replaceScript } from "./table_script.ts";

const address = (text: string) => parseAddress(text)!;
const NODE = [address("10.0.0.9"), address("2001:db8::9")];

function rule(changes: Partial<AllowRule> = {}): AllowRule {
  return { id: "u-0", peers: undefined, ports: undefined, ...changes };
}

function rules(ingress: readonly AllowRule[] | undefined, egress?: readonly AllowRule[]): InterfaceRules {
  return { name: "eth1", ingress, egress };
}

const pods = (...texts: readonly string[]) => ({ pods: texts.map(address), subnets: [] });

Deno.test("ruleTable() drops at the end of a direction that is policed, and leaves the other alone", () => {
  const { chains } = ruleTable([rules([rule({ peers: pods("10.0.0.1") })])], NODE);
  assertEquals([...chains.keys()], ["arrive", "leave", "in-0"]);
  assertEquals(chains.get("arrive")?.slice(1), ['iifname "eth1" goto in-0']);
  assertEquals(chains.get("leave")?.length, 1);
  assertEquals(chains.get("in-0")?.at(-1), "drop");
});

Deno.test("ruleTable() lets kubelet ask a Pod, and nobody else by that", () => {
  const { chains, sets } = ruleTable([rules([], [])], NODE);
  assertEquals(sets.get("node4")?.elements, new Set(["10.0.0.9"]));
  assertEquals(sets.get("node6")?.elements, new Set(["2001:db8::9"]));
  const fromNode = (chain: string) => chains.get(chain)!.filter((line) => line.includes("@node")).length;
  assertEquals([fromNode("in-0"), fromNode("out-0")], [2, 0]);
});

Deno.test("ruleTable() merges what overlaps, as nftables takes no element that another one covers", () => {
  const peers = {
    pods: [],
    subnets: ["10.0.0.0/9", "10.128.0.0/9", "10.5.0.0/16", "10.9.9.9/32"].map((text) => parseSubnet(text)!),
  };
  const ranges = [[80, 90], [85, 95], [96, 96], [443, 443]].map(([first, last]) => ({
    protocol: "tcp" as const,
    first: first!,
    last: last!,
  }));
  const { sets } = ruleTable([rules([rule({ peers, ports: { ranges, named: undefined } })])], NODE);
  assertEquals(sets.get("in-0-u-0-blocks4")?.elements, new Set(["10.0.0.0-10.255.255.255"]));
  assertEquals(sets.get("in-0-u-0-ports")?.elements, new Set(["tcp . 80-96", "tcp . 443"]));
});

Deno.test("changeScript() says nothing when nothing has changed, and replaces all when rules have", () => {
  const before = ruleTable([rules([rule({ peers: pods("10.0.0.1") })])], NODE);
  assertEquals(changeScript(before, structuredClone(before)), undefined);
  const after = ruleTable([rules([rule({ peers: pods("10.0.0.1") }), rule({ id: "u-1" })])], NODE);
  assertEquals(changeScript(before, after), replaceScript(after));
  assert(replaceScript(after).startsWith(REMOVE_SCRIPT), "in one step, with nothing open in between");
});

/** The elements of each set once a script of changes has been carried out. */
function carriedOut({ sets }: RuleTable, script: string): Record<string, string[]> {
  const elements = new Map([...sets].map(([name, set]) => [name, new Set(set.elements)]));
  for (const line of script.trim().split("\n").filter((line) => line !== "")) {
    const [, verb, name, list] = /^(add|delete) element inet danm (\S+) \{ (.*) \}$/.exec(line)!;
    for (const element of list!.split(", ")) {
      const isThere = elements.get(name!)!.has(element);
      assertEquals(isThere, verb === "delete", line);
      if (verb === "add") elements.get(name!)!.add(element);
      else elements.get(name!)!.delete(element);
    }
  }
  return Object.fromEntries([...elements].map(([name, set]) => [name, [...set].sort()]));
}

Deno.test("changeScript() makes one table of another by the elements that differ", () => {
  const anyPods = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }).map((numbers) =>
    numbers.flatMap((number): Address[] => [address(`10.0.0.${number}`), address(`2001:db8::${number}`)])
  );
  const tableWith = (members: readonly Address[], named: readonly Address[]) =>
    ruleTable([rules([rule({ peers: { pods: members, subnets: [] } })], [
      rule({ ports: { ranges: [], named: named.map((address) => ({ address, protocol: "udp", port: 53 })) } }),
    ])], NODE);
  fc.assert(fc.property(anyPods, anyPods, anyPods, anyPods, (a, b, c, d) => {
    const [before, after] = [tableWith(a, b), tableWith(c, d)];
    assertEquals(carriedOut(before, changeScript(before, after) ?? ""), carriedOut(after, ""));
  }));
});

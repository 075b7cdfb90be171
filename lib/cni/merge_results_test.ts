import { assertEquals } from "@std/assert";
import { mergeResults } from "./merge_results.ts";
import type { Result } from "./result.ts";

const first: Result = {
  interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: "/run/netns/a" }],
  ips: [{ address: "10.0.0.5/24", interface: 1 }],
  routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }],
  dns: { nameservers: ["10.0.0.53"], search: ["a.example", "b.example"] },
};
const second: Result = {
  interfaces: [{ name: "net1", sandbox: "/run/netns/a" }],
  ips: [{ address: "10.1.0.5/24", interface: 0 }, { address: "10.2.0.5/24" }],
  routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.1" }],
  dns: { nameservers: ["10.1.0.53"], domain: "c.example", search: ["b.example", "c.example"], options: [] },
};

Deno.test("mergeResults() keeps the order and lets addresses point to their own interface", () => {
  assertEquals(mergeResults([first, second]), {
    interfaces: [...first.interfaces, ...second.interfaces],
    ips: [
      { address: "10.0.0.5/24", interface: 1 },
      { address: "10.1.0.5/24", interface: 2 },
      { address: "10.2.0.5/24" },
    ],
    routes: [...first.routes, ...second.routes],
    dns: {
      nameservers: ["10.0.0.53", "10.1.0.53"],
      domain: "c.example",
      search: ["a.example", "b.example", "c.example"],
    },
  });
});

Deno.test("mergeResults() takes the first domain", () => {
  const dns = { domain: "d.example" };
  assertEquals(mergeResults([second, { ...first, dns }]).dns.domain, "c.example");
});

Deno.test("mergeResults() keeps a single entry of each list", () => {
  const dns = { nameservers: ["10.0.0.53"], search: ["a.example"], options: ["ndots:2"] };
  assertEquals(mergeResults([{ ...first, dns }]).dns, dns);
});

Deno.test("mergeResults() of nothing is empty", () => {
  assertEquals(mergeResults([]), { interfaces: [], ips: [], routes: [], dns: {} });
});

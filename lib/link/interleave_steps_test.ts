import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { NamespaceStep } from "./configure_namespace.ts";
import { interleaveSteps } from "./interleave_steps.ts";

const ip = (word: string): NamespaceStep => ({ ip: ["link", word] });
const ip6 = (word: string): NamespaceStep => ({ ip: ["-6", "rule", word] });
const optional = (word: string): NamespaceStep => ({ ip: ["link", word], optional: true });
const sysctl = (value: string): NamespaceStep => ({ sysctl: { key: ["ipv4", "ip_forward"], value } });

Deno.test("interleaveSteps() brings together what one run of ip takes", () => {
  const group = (name: string) => [ip(name), sysctl(name), ip(name), ip(name), ip6(name), optional(name)];
  const merged = interleaveSteps([group("a"), group("b")]);
  assertEquals(merged.map(({ step }) => step), [
    ...[ip("a"), ip("b"), sysctl("a"), sysctl("b"), ip("a"), ip("a"), ip("b"), ip("b")],
    ...[ip6("a"), ip6("b"), optional("a"), optional("b")],
  ]);
  assertEquals(merged.map(({ group }) => group), [0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1]);
});

Deno.test("interleaveSteps() keeps every step, and the order of each group", () => {
  const step = fc.constantFrom(ip, ip6, optional, sysctl);
  fc.assert(fc.property(fc.array(fc.array(step)), (shapes) => {
    const groups = shapes.map((shape, group) => shape.map((make, place) => make(`${group}-${place}`)));
    const merged = interleaveSteps(groups);
    assertEquals(groups.map((_, index) => merged.flatMap(({ step, group }) => group === index ? [step] : [])), groups);
  }));
});

Deno.test("interleaveSteps() leaves one group as it is", () => {
  const steps = [sysctl("a"), ip("b"), ip6("c"), ip("d")];
  assertEquals(interleaveSteps([steps]).map(({ step }) => step), steps);
});

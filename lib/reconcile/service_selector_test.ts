import { assertEquals, assertThrows } from "@std/assert";
import { isSelected, parseLabelSelector, parseNetworkNames, ServiceAnnotationError } from "./service_selector.ts";

const key = "danm.k8s.io/selector";

const SELECTORS: readonly (readonly [string, Record<string, string>])[] = [
  ['{"app":"web"}', { app: "web" }],
  [' {"app": "web", "example.com/tier": "front"} ', { app: "web", "example.com/tier": "front" }],
  ['{"app":"web"},{"tier":"front"}', { app: "web", tier: "front" }],
  ['{"app":"web"}, {"app":"web","zone":""}', { app: "web", zone: "" }],
  ['[{"app":"web"},{"tier":"front"}]', { app: "web", tier: "front" }],
];

Deno.test("parseLabelSelector() reads both notations", () => {
  for (const [value, labels] of SELECTORS) assertEquals(parseLabelSelector({ key, value }), labels, value);
});

const WRONG: readonly (readonly [string, string])[] = [
  ["", "it names no label, must be a JSON object of labels"],
  ["{}", "it names no label"],
  ["[]", "it names no label"],
  ["app=web", "it is not JSON"],
  ['{"app":"web"', "it is not JSON"],
  ['{"app":"web"},', "it is not JSON"],
  ['"web"', 'it holds "web"'],
  ['{"app":"web"},null', "it holds null"],
  ['[[{"app":"web"}]]', 'it holds [{"app":"web"}]'],
  ['{"app":1}', "label app is 1, must be the value of a label"],
  ['{"app":"a b"}', 'label app is "a b", must be the value of a label'],
  ['{"a b":"web"}', '"a b" is no name of a label'],
  ['{"app":"web"},{"app":"db"}', 'label app is both "web" and "db"'],
];

Deno.test("parseLabelSelector() says what is wrong, and with which annotation", () => {
  for (const [value, problem] of WRONG) {
    const error = assertThrows(() => parseLabelSelector({ key, value }), ServiceAnnotationError, problem, value);
    assertEquals(error.message.startsWith(`Cannot use annotation ${key}: `), true, error.message);
  }
});

Deno.test("parseLabelSelector() takes labels named like parts of JavaScript for labels", () => {
  const selector = parseLabelSelector({ key, value: '{"constructor":"x"}' });
  assertEquals([isSelected(selector, {}), isSelected(selector, { constructor: "x" })], [false, true]);
});

Deno.test("isSelected() demands every label of the selector, and no others", () => {
  const selector = { app: "web", tier: "front" };
  assertEquals(isSelected(selector, { app: "web", tier: "front", version: "2" }), true);
  assertEquals(isSelected(selector, { app: "web" }), false);
  assertEquals(isSelected(selector, { app: "web", tier: "back" }), false);
  assertEquals(isSelected(selector, undefined), false);
});

Deno.test("parseNetworkNames() reads one name or several, each once", () => {
  const names = (value: string) => parseNetworkNames("DanmNet", { key: "danm.io/network", value });
  assertEquals(names("a"), [{ kind: "DanmNet", name: "a" }]);
  assertEquals(names("a, b.c ,a").map(({ name }) => name), ["a", "b.c"]);
  for (const value of ["", "a,", "A", "a b", "a/b"]) {
    assertThrows(() => names(value), ServiceAnnotationError, "must be the name of a DanmNet");
  }
});

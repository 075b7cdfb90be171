import { assertEquals } from "@std/assert";
import { findAnnotation } from "./annotations.ts";

Deno.test("findAnnotation() honours both prefixes and prefers danm.k8s.io", () => {
  const old = { "danm.io/interfaces": "[1]" };
  const both = { ...old, "danm.k8s.io/interfaces": "[2]" };
  assertEquals(findAnnotation(old, "interfaces"), { key: "danm.io/interfaces", value: "[1]" });
  assertEquals(findAnnotation(both, "interfaces"), { key: "danm.k8s.io/interfaces", value: "[2]" });
});

Deno.test("findAnnotation() tells an empty annotation from none", () => {
  assertEquals(findAnnotation({ "danm.io/selector": "" }, "selector"), { key: "danm.io/selector", value: "" });
  assertEquals(findAnnotation({ "danm.io/network": "a" }, "selector"), undefined);
  assertEquals(findAnnotation(undefined, "selector"), undefined);
});

Deno.test("findAnnotation() prefers an annotation that says something to a blank one", () => {
  const blank = { "danm.k8s.io/interfaces": " ", "danm.io/interfaces": "[1]" };
  assertEquals(findAnnotation(blank, "interfaces"), { key: "danm.io/interfaces", value: "[1]" });
});

import { assertEquals } from "@std/assert";
import { protectionStep } from "./network_protection.ts";

const FINALIZER = "danm.k8s.io/attached-pods";
const deletionTimestamp = "2026-01-01T00:00:00Z";
const finalizers = ["other/one", FINALIZER];

Deno.test("protectionStep() protects every network that is not being deleted", () => {
  assertEquals(protectionStep({ name: "a" }, FINALIZER, false), "add");
  assertEquals(protectionStep({ name: "a", finalizers: ["other/one"] }, FINALIZER, true), "add");
  assertEquals(protectionStep({ name: "a", finalizers }, FINALIZER, true), "none");
});

Deno.test("protectionStep() lets a network go when its last Pod has gone", () => {
  assertEquals(protectionStep({ name: "a", finalizers, deletionTimestamp }, FINALIZER, true), "wait");
  assertEquals(protectionStep({ name: "a", finalizers, deletionTimestamp }, FINALIZER, false), "remove");
});

Deno.test("protectionStep() adds nothing to what is being deleted, which the API server would refuse", () => {
  assertEquals(protectionStep({ name: "a", deletionTimestamp }, FINALIZER, true), "none");
});

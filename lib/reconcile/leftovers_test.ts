import { assertEquals } from "@std/assert";
import { isLeftover, type RecordedContainer } from "./leftovers.ts";

const alive: RecordedContainer = { podUid: "a", hasNamespace: true };
const dead: RecordedContainer = { podUid: "a", hasNamespace: false, podIsGone: false };

Deno.test("isLeftover() needs the namespace gone, and the Pod gone or in another container", () => {
  const other = { ...alive, podUid: "b" };
  assertEquals(isLeftover(dead, [dead]), false, "the Pod is still there, and nothing else of it");
  assertEquals(isLeftover(dead, [dead, other]), false, "another Pod's container is no proof");
  assertEquals(isLeftover(dead, [dead, { ...dead }]), false, "nor is another one that is gone");
  assertEquals(isLeftover(dead, [dead, alive]), true);
  assertEquals(isLeftover({ ...dead, podIsGone: true }, [dead]), true);
  assertEquals(isLeftover({ ...alive, podIsGone: true }, [alive]), false, "a Pod may be deleted while it still runs");
});

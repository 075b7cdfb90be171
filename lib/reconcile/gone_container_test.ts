import { assertEquals } from "@std/assert";
import { isContainerGone, type RecordedContainer } from "./gone_container.ts";

const alive: RecordedContainer = { podUid: "a", hasNamespace: true };
const dead: RecordedContainer = { podUid: "a", hasNamespace: false, podIsGone: false };

Deno.test("isContainerGone() needs the namespace gone, and the Pod gone or in another container", () => {
  const other = { ...alive, podUid: "b" };
  assertEquals(isContainerGone(dead, [dead]), false, "the Pod is still there, and nothing else of it");
  assertEquals(isContainerGone(dead, [dead, other]), false, "another Pod's container is no proof");
  assertEquals(isContainerGone(dead, [dead, { ...dead }]), false, "nor is another one that is gone");
  assertEquals(isContainerGone(dead, [dead, alive]), true);
  assertEquals(isContainerGone({ ...dead, podIsGone: true }, [dead]), true);
  assertEquals(
    isContainerGone({ ...alive, podIsGone: true }, [alive]),
    false,
    "a Pod may be deleted while it still runs",
  );
});

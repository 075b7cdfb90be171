import { assertEquals } from "@std/assert";
import { NotBegunError, runInOrder } from "./run_in_order.ts";

/** Work that ends when it is told to, and a record of what began and ended. */
function scene(waits: Readonly<Record<string, readonly string[]>>) {
  const items = Object.keys(waits).map((name) => ({ name, gate: Promise.withResolvers<string>() }));
  const events: string[] = [];
  const outcomes = runInOrder(
    items,
    ({ name }) => items.filter((other) => waits[name]!.includes(other.name)),
    async ({ name, gate }) => {
      events.push(`+${name}`);
      try {
        return await gate.promise;
      } finally {
        events.push(`-${name}`);
      }
    },
  );
  const gate = (name: string) => items.find((item) => item.name === name)!.gate;
  return { events, outcomes, gate };
}

/** Lets everything go on that can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("runInOrder() begins each as soon as those that it waits for have ended, and not before", async () => {
  const { events, outcomes, gate } = scene({ top: ["bond"], bond: ["a", "b"], a: [], b: [], other: [] });
  await settle();
  assertEquals(events, ["+a", "+b", "+other"]);
  gate("a").resolve("A");
  await settle();
  assertEquals(events.slice(3), ["-a"]);
  gate("b").resolve("B");
  await settle();
  assertEquals(events.slice(4), ["-b", "+bond"]);
  gate("bond").resolve("BOND");
  await settle();
  assertEquals(events.slice(6), ["-bond", "+top"]);
  gate("top").resolve("TOP");
  gate("other").resolve("OTHER");
  assertEquals(
    (await outcomes).map((outcome) => outcome.status === "fulfilled" && outcome.value),
    ["TOP", "BOND", "A", "B", "OTHER"],
  );
});

Deno.test("runInOrder() does not begin what waits for something that failed, and lets the others end", async () => {
  const { events, outcomes, gate } = scene({ top: ["bond"], bond: ["a"], a: [], other: [] });
  gate("a").reject(new Error("no such device"));
  await settle();
  gate("other").resolve("OTHER");
  const reasons = (await outcomes).map((outcome) => outcome.status === "rejected" ? outcome.reason : outcome.value);
  assertEquals(events, ["+a", "+other", "-a", "-other"]);
  assertEquals(reasons.map(String), [
    "NotBegunError: not begun, as bond failed",
    "NotBegunError: not begun, as a failed",
    "Error: no such device",
    "OTHER",
  ]);
  assertEquals((reasons[0] as NotBegunError).errors, [], "the cause is another's");
});

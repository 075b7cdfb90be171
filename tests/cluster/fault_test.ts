import { assertEquals } from "@std/assert";
import { createFaultPlan } from "./fault.ts";

const GET = { method: "GET", path: "/api/v1/pods?limit=1" };
const POST = { method: "POST", path: "/api/v1/pods" };
const hang = { kind: "hang" } as const;
const delay = { kind: "delay", ms: 1 } as const;

Deno.test("createFaultPlan() strikes by method and path", () => {
  const plan = createFaultPlan();
  plan.add({ method: "GET", path: /pods\?limit/, action: hang });
  assertEquals([GET, POST, GET].map(plan.next), [hang, undefined, hang]);
});

Deno.test("createFaultPlan() counts only requests that match", () => {
  const plan = createFaultPlan();
  plan.add({ method: "POST", nth: 2, action: hang });
  assertEquals([POST, GET, POST, POST].map(plan.next), [undefined, undefined, hang, undefined]);
});

Deno.test("createFaultPlan() prefers the older fault, and counts for the younger all the same", () => {
  const plan = createFaultPlan();
  plan.add({ nth: 1, action: hang });
  plan.add({ nth: 2, action: delay });
  assertEquals([GET, GET, GET].map(plan.next), [hang, delay, undefined]);
});

Deno.test("createFaultPlan() strikes the n-th request and all after it that match", () => {
  const plan = createFaultPlan();
  plan.add({ method: "GET", from: 2, action: hang });
  assertEquals([GET, POST, GET, POST, GET].map(plan.next), [undefined, undefined, hang, undefined, hang]);
});

Deno.test("createFaultPlan() spreads a fault to all requests once it has struck", () => {
  const plan = createFaultPlan();
  plan.add({ method: "POST", nth: 2, spreads: true, action: hang });
  assertEquals([GET, POST, GET, POST, GET, POST].map(plan.next), [undefined, undefined, undefined, hang, hang, hang]);
  plan.clear();
  assertEquals(plan.next(GET), undefined);
});

Deno.test("createFaultPlan() forgets all faults when cleared", () => {
  const plan = createFaultPlan();
  plan.add({ action: hang });
  plan.clear();
  assertEquals(plan.next(GET), undefined);
});

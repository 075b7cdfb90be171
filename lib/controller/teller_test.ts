import { assertEquals } from "@std/assert";
import type { EventContent, EventSubject } from "../kube/events/event_object.ts";
import { createTeller, type Notice } from "./teller.ts";

const MINUTE = 60_000;

function notice(name: string, note: string): Notice {
  const content = { type: "Warning", reason: "ParentMissing", action: "MakeLink", note } as const;
  return { subject: { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata: { name, uid: name } }, content };
}

Deno.test("createTeller() tells once of what lasts, and again of what comes back or lasts long", () => {
  let now = 0;
  const told: string[] = [];
  const events = {
    record: ({ metadata }: EventSubject, { note }: EventContent) => void told.push(`${metadata.name} ${note}`),
  };
  const log = { write: () => {}, [Symbol.dispose]: () => {} };
  const tell = createTeller({ events, log }, { now: () => now, after: () => () => {} });
  const toldBy = (...notices: readonly Notice[]) => {
    told.length = 0;
    tell(notices);
    return [...told];
  };
  const [a, b] = [notice("a", "gone"), notice("b", "gone")];
  assertEquals(toldBy(a), ["a gone"]);
  assertEquals(toldBy(a, b), ["b gone"]);
  assertEquals(toldBy(notice("a", "down"), b), ["a down"]);
  assertEquals(toldBy(a, b), ["a gone"], "it comes back");
  now = 20 * MINUTE;
  assertEquals(toldBy(a, b), []);
  now = 31 * MINUTE;
  assertEquals(toldBy(a, b), ["a gone", "b gone"], "it lasts");
  assertEquals(toldBy(a, b), []);
});

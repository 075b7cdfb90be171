/** What a real API server cannot be made to do at will; the rest is in the tests of informers. */

import { assertEquals } from "@std/assert";
import type { KubeClient, WatchOptions } from "../client/client.ts";
import { FOLLOW_PACE, followCollection, type Identified } from "./follow_collection.ts";
import type { WatchEvent } from "./watch.ts";

const RESOURCE = { group: "", version: "v1", plural: "configmaps" };

function event(type: WatchEvent<Identified>["type"], resourceVersion: string): WatchEvent<Identified> {
  return { type, object: { metadata: { name: type === "BOOKMARK" ? "" : "a", resourceVersion } } };
}

/**
 * Follows a server that has nothing at version 5 and then gives these watches, one after the other.
 *
 * @returns from where each watch was asked for, and what was told
 */
async function follow(...watches: readonly (readonly WatchEvent<Identified>[])[]) {
  const places: (string | undefined)[] = [];
  const told: string[] = [];
  const stop = new AbortController();
  const client: Pick<KubeClient, "list" | "watch"> = {
    list: () => Promise.resolve({ metadata: { resourceVersion: "5" }, items: [] }),
    async *watch<T>(_ref: unknown, { resourceVersion }: WatchOptions) {
      const events = watches[places.length];
      if (events === undefined) return stop.abort();
      places.push(resourceVersion);
      yield* events as WatchEvent<T>[];
    },
  };
  const pace = { ...FOLLOW_PACE, backoff: { firstMs: 1, maxMs: 1 } };
  for await (const { type } of followCollection(client as KubeClient, { resource: RESOURCE }, pace, stop.signal)) {
    told.push(type);
  }
  return { places, told };
}

Deno.test("followCollection() goes on where the last event or bookmark was", async () => {
  const { places, told } = await follow([event("ADDED", "7"), event("BOOKMARK", "9")], [event("DELETED", "12")], [
    event("BOOKMARK", "20"),
  ]);
  assertEquals(places, ["5", "9", "12"]);
  assertEquals(told, ["listing", "page", "listed", "changed", "unchanged", "deleted", "unchanged"]);
});

Deno.test("followCollection() takes a watch that ends at once and tells nothing for a failure", async () => {
  const { places, told } = await follow([], [], [event("BOOKMARK", "7")]);
  assertEquals(places, ["5", "5", "5"]);
  assertEquals(told, ["listing", "page", "listed", "failed", "failed", "unchanged"]);
});

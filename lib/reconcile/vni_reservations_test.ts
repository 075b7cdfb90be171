import { assertEquals } from "@std/assert";
import { formatVniOwner } from "../admit/vni_owner.ts";
import { vniBlock } from "../admit/vni_block.ts";
import type { AddressBlock } from "../api/address_block.ts";
import { staleReservations } from "./vni_reservations.ts";

const NOW = 1_000_000_000;
const GRACE = 600_000;
const old = (request: string) => formatVniOwner({ purpose: "tenant", request, takenAt: (NOW - GRACE) / 1000 - 1 });
const young = (request: string) => formatVniOwner({ purpose: "tenant", request, takenAt: NOW / 1000 - 1 });

function block(allocations: Readonly<Record<string, string>>): AddressBlock {
  const empty = vniBlock({ device: "ens4", type: "vlan" }, 256, "danm.k8s.io");
  return { ...empty, spec: { ...empty.spec, allocations } };
}

function stale(allocations: Readonly<Record<string, string>>, owners: readonly string[], gone: readonly string[] = []) {
  const knowledge = { owners: new Set(owners), gone: new Set(gone), now: NOW, graceMs: GRACE };
  return staleReservations([block(allocations)], knowledge).map(({ offset }) => offset);
}

Deno.test("staleReservations() keeps what a network has, however old", () => {
  assertEquals(stale({ 7: old("a") }, [old("a")], [old("a")]), []);
});

Deno.test("staleReservations() gives up what no network has once its admission must be over", () => {
  assertEquals(stale({ 7: old("a"), 8: young("b") }, []), [7]);
});

Deno.test("staleReservations() gives up at once what a network had that is gone", () => {
  assertEquals(stale({ 7: young("a"), 8: young("b") }, [], [young("a")]), [7]);
});

Deno.test("staleReservations() gives up the number of a network that named it itself", () => {
  const named = formatVniOwner({ purpose: "named", request: "a", takenAt: 1 });
  assertEquals(stale({ 0: named }, []), [0]);
});

Deno.test("staleReservations() leaves alone what it cannot read, and addresses", () => {
  assertEquals(stale({ 1: "somebody", 2: "pod/container/0", 3: "vni:tenant:a", 4: "vni:other:a:1" }, []), []);
  const addresses = { ...block({}), spec: { base: "10.0.0.0", size: 16, allocations: { 1: old("a") } } };
  const knowledge = { owners: new Set<string>(), gone: new Set<string>(), now: NOW, graceMs: GRACE };
  assertEquals(staleReservations([addresses], knowledge), []);
});

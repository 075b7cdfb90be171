import { assertEquals } from "@std/assert";
import { type LaneName, laneOf } from "./lanes.ts";

const FILES: readonly (readonly [string, LaneName])[] = [
  ["lib/ipam/pool_test.ts", "pure"],
  ["lib/network/pool_test.ts", "cluster"],
  ["lib/link/route_test.ts", "host"],
  ["lib/kube/kubeconfig_test.ts", "cluster"],
  ["lib/kube/watch_root_test.ts", "host"],
  ["lib/host/lock_cluster_test.ts", "cluster"],
  ["lib/link/ipvlan_kernel_test.ts", "kernel"],
  ["tests/kernel/machine_test.ts", "host"],
  ["tests/e2e/storm_test.ts", "cluster"],
  ["tests/e2e/storm_node_test.ts", "node"],
  ["tests/e2e/storm_e2e_test.ts", "e2e"],
];

Deno.test("laneOf() goes by the end of the name, then by the folder", () => {
  for (const [file, lane] of FILES) assertEquals(laneOf(file), lane, file);
});

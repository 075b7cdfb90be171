/** Rules on single options, which every Pod of the network would fail by. */

import { type NetworkOptions, networkOptions } from "../api/network.ts";
import { MAX_CONTAINER_PREFIX } from "../api/network_rules.ts";
import { networkType } from "../api/network_type.ts";
import { isRoutingTable, ROUTING_TABLES } from "../net/routing_table.ts";
import type { NetworkReview } from "./network_review.ts";
import type { Rule } from "./rule.ts";

/** Rules 17 to 19. They hold for every kind of network. */
export const OPTION_RULES: readonly Rule<NetworkReview>[] = [
  {
    id: "17",
    demands: "sriov has no `vxlan`: its devices know only `vlan`",
    judge({ network }) {
      const { vxlan } = networkOptions(network);
      if (networkType(network) !== "sriov" || vxlan === undefined) return undefined;
      return { field: "spec.Options.vxlan", value: vxlan, must: "be absent with sriov, whose devices know only vlan" };
    },
  },
  {
    id: "18",
    demands:
      `\`container_prefix\` has at most ${MAX_CONTAINER_PREFIX} characters: a number follows it in the names of ` +
      "interfaces",
    judge({ network }) {
      const { container_prefix: value = "" } = networkOptions(network);
      if (value.length <= MAX_CONTAINER_PREFIX) return undefined;
      const must = `have at most ${MAX_CONTAINER_PREFIX} characters: a number follows it in the names of interfaces`;
      return { field: "spec.Options.container_prefix", value, must };
    },
  },
  {
    id: "19",
    demands: "`rt_tables` is none of the kernel's own tables: 0 and 253-255",
    judge({ network: { spec } }) {
      const { rt_tables: value } = spec.Options ?? {};
      const isUnset = (value ?? undefined) === undefined || value === 0 && isStoredByOriginal(spec.Options ?? {});
      if (isUnset || value !== 0 && isRoutingTable(value!)) return undefined;
      return { field: "spec.Options.rt_tables", value, must: `be ${ROUTING_TABLES}` };
    },
  },
];

/** The original system stored a table 0 in every network without one, beside other fields that nobody had set. */
function isStoredByOriginal({ host_device, container_prefix, alloc, alloc6 }: NetworkOptions): boolean {
  return host_device === "" || container_prefix === "" || alloc !== undefined || alloc6 !== undefined;
}

import { assertEquals } from "@std/assert";
import type { DanmEp } from "../api/danm_ep.ts";
import { type Network, NETWORK_KINDS, type NetworkKind, type NetworkSpec } from "../api/network.ts";
import type { TenantConfigBody } from "../api/tenant_config.ts";
import { rulesFor } from "./network_rules.ts";
import type { NetworkReview } from "./network_review.ts";
import { describeObjection, firstObjection } from "./rule.ts";
import fixtures from "./testdata/networks.json" with { type: "json" };

const OWNER = "danm.k8s.io/vni-owner";

/** One network, and what the rules are to say of it. */
interface Fixture {
  readonly rule: string;
  readonly kinds?: readonly NetworkKind[];
  readonly accepts?: string;
  readonly refuses?: string;
  readonly because?: string;
  readonly operation?: "DELETE";
  readonly spec: NetworkSpec;
  readonly before?: NetworkSpec;
  readonly owner?: string;
  readonly ownerBefore?: string;
  /** Addresses of attached Pods. */
  readonly attached?: readonly string[];
  readonly restoring?: boolean;
  readonly imported?: boolean;
  readonly hasReservation?: boolean;
  readonly tenantHolder?: string;
  readonly config?: TenantConfigBody;
}

function network(kind: NetworkKind, spec: NetworkSpec, owner: string | undefined): Network {
  const annotations = owner === undefined ? {} : { annotations: { [OWNER]: owner } };
  return { apiVersion: "danm.k8s.io/v1", kind, metadata: { name: "net", namespace: "ns", ...annotations }, spec };
}

function endpoint(address: string, index: number): DanmEp {
  const isV6 = address.includes(":");
  return {
    metadata: { name: `ep-${index}`, namespace: "ns" },
    spec: { Pod: `pod-${index}`, Interface: { Address: isV6 ? "" : address, AddressIPv6: isV6 ? address : "" } },
  } as DanmEp;
}

function review(kind: NetworkKind, fixture: Fixture): NetworkReview {
  const { spec, before, owner, ownerBefore, attached = [], config, tenantHolder } = fixture;
  const metadata = { name: "config" };
  return {
    operation: fixture.operation ?? (before ? "UPDATE" : "CREATE"),
    network: network(kind, spec, owner),
    ...(before && { before: network(kind, before, ownerBefore) }),
    ownerKey: OWNER,
    restoring: fixture.restoring ?? false,
    imported: fixture.imported ?? false,
    attached: attached.map(endpoint),
    hasReservation: fixture.hasReservation ?? false,
    config: config && { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata, ...config },
    tenantHolder,
  };
}

/** TenantNetworks of fixtures that do not care for devices must have one. */
function withDevice(kind: NetworkKind, fixture: Fixture): Fixture {
  const cares = kind !== "TenantNetwork" || fixture.config !== undefined || fixture.rule.startsWith("T");
  return cares ? fixture : { ...fixture, config: { hostDevices: [{ name: "ens4" }] } };
}

for (const fixture of fixtures as unknown as readonly Fixture[]) {
  const { rule, accepts, refuses, because } = fixture;
  for (const kind of fixture.kinds ?? NETWORK_KINDS) {
    const verdict = refuses === undefined ? `accepts ${accepts}` : `refuses ${refuses}`;
    Deno.test(`rulesFor() ${verdict} in a ${kind}, by rule ${rule}`, () => {
      const given = review(kind, withDevice(kind, fixture));
      const found = firstObjection(rulesFor(given), given);
      const expected = because?.replace("KIND", kind);
      assertEquals(found && [found.id, describeObjection(found.objection)], expected && [rule, expected]);
    });
  }
}

Deno.test("rulesFor() has a network that it accepts and one that it refuses for every rule of every kind", () => {
  for (const kind of NETWORK_KINDS) {
    for (const operation of ["CREATE", "DELETE"] as const) {
      const rules = rulesFor(review(kind, { rule: "", spec: {}, ...(operation === "DELETE" && { operation }) }));
      for (const { id } of rules) {
        const own = (fixtures as unknown as readonly Fixture[]).filter(({ rule, kinds = NETWORK_KINDS }) =>
          rule === id && kinds.includes(kind)
        );
        assertEquals([own.some(({ accepts }) => accepts), own.some(({ refuses }) => refuses)], [true, true], id);
      }
    }
  }
});

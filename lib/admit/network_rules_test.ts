import { assertEquals } from "@std/assert";
import type { DanmEp } from "../api/danm_ep.ts";
import { type Network, NETWORK_KINDS, type NetworkKind, type NetworkSpec } from "../api/network.ts";
import type { TenantConfigBody } from "../api/tenant_config.ts";
import { rulesFor } from "./network_rules.ts";
import type { NetworkReview } from "./network_review.ts";
import { describeObjection, firstObjection } from "./rule.ts";
import { configFor } from "./testdata/config_for.ts";
import fixtures from "./testdata/networks.json" with { type: "json" };

const WAIT = "danm.k8s.io/waits-for";

/** One network, and what the rules are to say of it. */
interface Fixture {
  readonly rule: string;
  readonly kinds?: readonly NetworkKind[];
  readonly accepts?: string;
  readonly refuses?: string;
  readonly because?: string;
  readonly operation?: NetworkReview["operation"];
  readonly spec: NetworkSpec;
  readonly before?: NetworkSpec;
  /** What the network waits for. */
  readonly waits?: string;
  readonly waitedBefore?: string;
  /** Addresses of attached Pods. */
  readonly attached?: readonly string[];
  readonly restoring?: boolean;
  readonly imported?: boolean;
  readonly isNumberItsOwn?: boolean;
  readonly tenantHolder?: string;
  readonly otherDeviceHolder?: string;
  readonly config?: TenantConfigBody;
}

function network(kind: NetworkKind, spec: NetworkSpec, waits: string | undefined): Network {
  const annotations = waits === undefined ? {} : { annotations: { [WAIT]: waits } };
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
  const { spec, before, waits, waitedBefore, attached = [], config, tenantHolder, otherDeviceHolder } = fixture;
  const metadata = { name: "config" };
  return {
    operation: fixture.operation ?? (before ? "UPDATE" : "CREATE"),
    network: network(kind, spec, waits),
    ...(before && { before: network(kind, before, waitedBefore) }),
    waitKey: WAIT,
    restoring: fixture.restoring ?? false,
    imported: fixture.imported ?? false,
    attached: attached.map(endpoint),
    isNumberItsOwn: fixture.isNumberItsOwn ?? false,
    config: config && { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata, ...config },
    tenantHolder,
    otherDeviceHolder,
  };
}

/** TenantNetworks of fixtures that do not care for the TenantConfig must have a device, and a type that is allowed. */
function withConfig(kind: NetworkKind, fixture: Fixture): Fixture {
  const cares = kind !== "TenantNetwork" || fixture.config !== undefined || fixture.rule.startsWith("T");
  if (cares) return fixture;
  const config = configFor(fixture.spec);
  const [NetworkID] = Object.values(config.networkIds ?? {});
  return { ...fixture, config, spec: { ...fixture.spec, ...(NetworkID !== undefined && { NetworkID }) } };
}

for (const fixture of fixtures as unknown as readonly Fixture[]) {
  const { rule, accepts, refuses, because } = fixture;
  for (const kind of fixture.kinds ?? NETWORK_KINDS) {
    const verdict = refuses === undefined ? `accepts ${accepts}` : `refuses ${refuses}`;
    Deno.test(`rulesFor() ${verdict} in a ${kind}, by rule ${rule}`, () => {
      const given = review(kind, withConfig(kind, fixture));
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

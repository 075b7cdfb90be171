import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type EndpointSlice, HEADLESS_LABEL, SERVICE_NAME_LABEL, SLICE_MANAGER_LABEL } from "../api/endpoint_slice.ts";
import { ENDPOINTS_MANAGER_LABEL } from "../api/endpoints.ts";
import { MAX_ENDPOINTS } from "./endpoint_slice_packing.ts";
import { planSlices, SLICE_MANAGER, type SlicePlan } from "./endpoint_slice_plan.ts";
import type { ServicePod } from "./service_endpoints.ts";
import { demandingService, podWith, testInterface, testPod, type TestService } from "./test_service.ts";

const pods = (count: number, first = 0): ServicePod[] =>
  Array.from({ length: count }, (_, index) => pod(`p${first + index}`, first + index));

function pod(name: string, number: number, settings = {}): ServicePod {
  const [high, low] = [number >> 8, number & 255];
  return podWith(
    testPod(name, settings),
    testInterface(name, { ip: `10.0.${high}.${low}/16`, ip6: `2001:db8::${high.toString(16)}:${low.toString(16)}/64` }),
  );
}

/** The slices there are when `plan` has been carried out, as the API server hands them out. */
function carriedOut(slices: readonly EndpointSlice[], { updates, creates, deletes }: SlicePlan): EndpointSlice[] {
  const byName = new Map(slices.map((slice) => [slice.metadata.name, slice]));
  for (const slice of creates) assert(!byName.has(slice.metadata.name), `${slice.metadata.name} is there already`);
  for (const { metadata } of deletes) byName.delete(metadata.name);
  for (const slice of [...updates, ...creates]) byName.set(slice.metadata.name, structuredClone(slice));
  return [...byName.values()];
}

function settled(special: TestService, members: readonly ServicePod[]): EndpointSlice[] {
  return carriedOut([], planSlices({ service: demandingService(special), pods: members, slices: [] }));
}

const NOTHING: SlicePlan = { updates: [], creates: [], deletes: [], unusable: [] };

Deno.test("planSlices() makes a slice for each family, with everything readers go by", () => {
  const service = demandingService({ labels: { team: "x", [SLICE_MANAGER_LABEL]: "me" } });
  const { creates } = planSlices({ service, pods: pods(1, 1), slices: [] });
  assertEquals(creates.map(({ addressType }) => addressType), ["IPv4", "IPv6"]);
  const [slice] = creates;
  assertEquals(slice, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: slice!.metadata.name,
      namespace: "ns",
      labels: {
        team: "x",
        "service.kubernetes.io/headless": "",
        [SERVICE_NAME_LABEL]: "web",
        [SLICE_MANAGER_LABEL]: SLICE_MANAGER,
      },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: "uid-web", controller: true }],
    },
    addressType: "IPv4",
    endpoints: [{
      addresses: ["10.0.0.1"],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: "node-1",
      targetRef: { kind: "Pod", namespace: "ns", name: "p1", uid: "uid-p1" },
    }],
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  });
  assert(/^web-ipv4-[0-9a-f]{6}-0$/.test(slice!.metadata.name), slice!.metadata.name);
});

Deno.test("planSlices() takes over no label of a Service that says something about slices", () => {
  const labels = { [HEADLESS_LABEL]: "", [ENDPOINTS_MANAGER_LABEL]: "x", [SERVICE_NAME_LABEL]: "db", team: "x" };
  const service = demandingService({ clusterIP: "10.96.0.7", labels });
  const [slice] = planSlices({ service, pods: pods(1, 1), slices: [] }).creates;
  assertEquals(slice?.metadata.labels, {
    team: "x",
    [SERVICE_NAME_LABEL]: "web",
    [SLICE_MANAGER_LABEL]: SLICE_MANAGER,
  });
});

Deno.test("planSlices() keeps to the families of the Service, and drops slices of another one", () => {
  const slices = settled({}, pods(1));
  const { updates, creates, deletes } = planSlices({
    service: demandingService({ ipFamilies: ["IPv6"], clusterIP: "fd00::1" }),
    pods: pods(1),
    slices,
  });
  assertEquals([creates.length, deletes.map(({ addressType }) => addressType)], [0, ["IPv4"]]);
  assertEquals(updates.map(({ addressType, metadata }) => [addressType, Object.keys(metadata.labels!).length]), [
    ["IPv6", 2], // no longer headless
  ]);
});

Deno.test("planSlices() rewrites all slices when the Service's ports or labels change, and makes none anew", () => {
  const slices = settled({}, pods(150));
  for (const change of [{ ports: [{ name: "sig", port: 1, protocol: "SCTP" }] }, { labels: { team: "y" } }]) {
    const { updates, creates, deletes } = planSlices({ service: demandingService(change), pods: pods(150), slices });
    assertEquals([updates.length, creates.length, deletes.length], [4, 0, 0]);
  }
});

Deno.test("planSlices() rewrites one slice when one Pod changes, comes or goes", () => {
  const special = { ipFamilies: ["IPv4"] } as const;
  const slices = settled(special, pods(250));
  const cases: readonly (readonly [string, readonly ServicePod[]])[] = [
    ["not ready", [...pods(249), pod("p249", 249, { ready: false })]],
    ["terminating", [pod("p0", 0, { terminating: true }), ...pods(249, 1)]],
    ["gone", pods(249, 1)],
    ["new", pods(251)],
    ["replaced", [...pods(249, 1), pod("p900", 900)]],
  ];
  for (const [what, members] of cases) {
    const plan = planSlices({ service: demandingService(special), pods: members, slices });
    assertEquals([plan.updates.length, plan.creates.length, plan.deletes.length], [1, 0, 0], what);
  }
});

Deno.test("planSlices() puts back a label whose value somebody changed", () => {
  const service = demandingService({ labels: { team: "x" } });
  const slices = carriedOut([], planSlices({ service, pods: pods(1), slices: [] }));
  const changed = slices.map((slice) => ({
    ...slice,
    metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, team: "y" } },
  }));
  const { updates } = planSlices({ service, pods: pods(1), slices: changed });
  assertEquals(updates.map(({ metadata }) => metadata.labels?.team), ["x", "x"]);
});

Deno.test("planSlices() tells of addresses that no slice may hold", () => {
  const unusable = podWith(testPod("p"), testInterface("p", { ip: "127.0.0.1/8", ip6: "fe80::1/64" }));
  const plan = planSlices({ service: demandingService({}), pods: [unusable], slices: [] });
  assertEquals(plan.unusable, ["127.0.0.1", "fe80::1"]);
});

Deno.test("planSlices() removes everything when there is no Service for DANM", () => {
  const slices = settled({}, pods(1));
  assertEquals(planSlices({ service: undefined, pods: [], slices }), { ...NOTHING, deletes: slices });
});

Deno.test("planSlices() replaces the slices of an earlier Service of that name, and those that lost their owner", () => {
  const before = settled({}, pods(1));
  const orphans = before.map((slice) => ({ ...slice, metadata: { ...slice.metadata, ownerReferences: [] } }));
  for (const [slices, uid] of [[before, "uid-new"], [orphans, "uid-web"]] as const) {
    const plan = planSlices({ service: demandingService({ uid }), pods: pods(1), slices });
    assertEquals([plan.updates, plan.creates.length, plan.deletes], [[], 2, slices]);
    carriedOut(slices, plan);
  }
});

Deno.test("planSlices() makes no slices for a Service that is being deleted", () => {
  const service = demandingService({ deletionTimestamp: "2030-01-01T00:00:00Z" });
  assertEquals(planSlices({ service, pods: pods(1), slices: [] }), NOTHING);
});

Deno.test("planSlices() passes over names that others have", () => {
  const [first] = planSlices({ service: demandingService(), pods: pods(1), slices: [] }).creates;
  const taken = new Set([first!.metadata.name]);
  const [second] = planSlices({ service: demandingService(), pods: pods(1), slices: [], taken }).creates;
  assertEquals(second!.metadata.name, first!.metadata.name.replace(/0$/, "1"));
});

Deno.test("planSlices() leaves alone what others write on its slices", () => {
  const [slice] = settled({ ipFamilies: ["IPv4"] }, pods(2));
  const hinted = {
    ...slice!,
    metadata: { ...slice!.metadata, annotations: { theirs: "x" } },
  };
  const service = demandingService({ ipFamilies: ["IPv4"] });
  assertEquals(planSlices({ service, pods: pods(2), slices: [hinted] }), NOTHING);
  const { updates } = planSlices({ service, pods: pods(1), slices: [hinted] });
  assertEquals(updates, [{ ...hinted, endpoints: [slice!.endpoints![0]!] }]);
});

/** Slices under DANM's label as anybody may have left them. */
const anySlice = fc.record({
  numbers: fc.array(fc.nat(300), { maxLength: 130 }),
  family: fc.constantFrom("IPv4", "IPv6"),
  owner: fc.constantFrom("uid-web", "uid-other", undefined),
  port: fc.constantFrom(80, 81),
});

Deno.test("planSlices() converges in one step from anywhere, on full slices of one family each", () => {
  const members = fc.uniqueArray(fc.nat(300), { maxLength: 260 });
  fc.assert(fc.property(members, fc.array(anySlice, { maxLength: 5 }), fc.boolean(), (numbers, strange, dual) => {
    const service = demandingService({ ipFamilies: dual ? ["IPv4", "IPv6"] : ["IPv6"] });
    const situation = { service, pods: numbers.map((number) => pod(`p${number}`, number)) };
    const slices = strange.map(({ numbers, family, owner, port }, index): EndpointSlice => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `s${index}`,
        namespace: "ns",
        labels: { [SERVICE_NAME_LABEL]: "web", [SLICE_MANAGER_LABEL]: SLICE_MANAGER },
        ...(owner && { ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: owner }] }),
      },
      addressType: family as "IPv4" | "IPv6",
      endpoints: settled(
        { ipFamilies: [family as "IPv4" | "IPv6"] },
        numbers.map((number) => pod(`p${number}`, number)),
      )
        .flatMap(({ endpoints }) => endpoints ?? []),
      ports: [{ name: "http", port, protocol: "TCP" }],
    }));
    const plan = planSlices({ ...situation, slices });
    const names = new Set(slices.map(({ metadata }) => metadata.name));
    assert([...plan.updates, ...plan.deletes].every(({ metadata }) => names.has(metadata.name)), "nothing but its own");
    const after = carriedOut(slices, plan);
    assertEquals(planSlices({ ...situation, slices: after }), NOTHING);
    for (const family of ["IPv4", "IPv6"]) {
      const held = after.filter(({ addressType }) => addressType === family).flatMap(({ endpoints }) =>
        endpoints ?? []
      );
      assertEquals(held.length, family === "IPv6" || dual ? numbers.length : 0);
      assertEquals(new Set(held.map(({ targetRef }) => targetRef?.name)).size, held.length);
    }
    assert(after.every(({ endpoints }) => endpoints!.length > 0 && endpoints!.length <= MAX_ENDPOINTS));
  }));
});

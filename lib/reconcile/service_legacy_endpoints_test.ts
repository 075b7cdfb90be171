import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Endpoints } from "../api/endpoints.ts";
import type { ServicePod } from "./service_endpoints.ts";
import { isManaged, MAX_ADDRESSES, planEndpoints } from "./service_legacy_endpoints.ts";
import { demandingService, podWith, testInterface, testPod, type TestPodSettings } from "./test_service.ts";

function pod(number: number, settings: TestPodSettings = {}): ServicePod {
  const name = `p${number}`;
  const addresses = { ip: `10.0.${number >> 8}.${number & 255}/16`, ip6: `2001:db8::${number.toString(16)}/64` };
  return podWith(testPod(name, settings), testInterface(name, addresses));
}

const target = (name: string) => ({
  nodeName: "node-1",
  targetRef: { kind: "Pod", namespace: "ns", name, uid: `uid-${name}` },
});

Deno.test("planEndpoints() makes an object that nobody mirrors, of the primary family", () => {
  const members = [pod(1), pod(2, { ready: false }), pod(3, { terminating: true })];
  const { create } = planEndpoints({
    service: demandingService({ labels: { team: "x" } }),
    pods: members,
    current: undefined,
  });
  assertEquals(create, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "web",
      namespace: "ns",
      labels: {
        team: "x",
        "service.kubernetes.io/headless": "",
        "endpoints.kubernetes.io/managed-by": "svcwatcher.danm.k8s.io",
        "endpointslice.kubernetes.io/skip-mirror": "true",
      },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: "uid-web", controller: true }],
    },
    subsets: [{
      addresses: [{ ip: "10.0.0.1", ...target("p1") }],
      notReadyAddresses: [{ ip: "10.0.0.2", ...target("p2") }],
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
    }],
  } as Endpoints);
  assertEquals(isManaged(create!), true);
  const six = planEndpoints({
    service: demandingService({ ipFamilies: ["IPv6", "IPv4"] }),
    pods: [pod(1)],
    current: undefined,
  });
  assertEquals(six.create?.subsets?.[0]?.addresses?.[0]?.ip, "2001:db8::1");
});

Deno.test("planEndpoints() tells of all Pods as ready when the Service wants them so", () => {
  const service = demandingService({ publishNotReadyAddresses: true });
  const pods = [pod(1, { ready: false }), pod(2, { terminating: true })];
  const [subset] = planEndpoints({ service, pods, current: undefined }).create?.subsets ?? [];
  assertEquals([subset?.addresses?.length, subset?.notReadyAddresses], [2, undefined]);
});

Deno.test("planEndpoints() leaves out what is too much, the ready ones last, and says so", () => {
  const pods = Array.from({ length: MAX_ADDRESSES + 5 }, (_, index) => pod(index, { ready: index >= 10 }));
  const { create } = planEndpoints({ service: demandingService(), pods, current: undefined });
  const [subset] = create?.subsets ?? [];
  assertEquals([subset?.addresses?.length, subset?.notReadyAddresses?.length], [MAX_ADDRESSES - 5, 5]);
  assertEquals(create?.metadata.annotations, { "endpoints.kubernetes.io/over-capacity": "truncated" });
  const fewer = planEndpoints({ service: demandingService(), pods: pods.slice(0, 20), current: create });
  assertEquals(fewer.update?.metadata.annotations, {});
});

Deno.test("planEndpoints() removes the object of a Service that is not DANM's any more, and makes none for a dying one", () => {
  const { create: current } = planEndpoints({ service: demandingService(), pods: [pod(1)], current: undefined });
  assertEquals(planEndpoints({ service: undefined, pods: [], current }), { delete: current! });
  assertEquals(planEndpoints({ service: undefined, pods: [], current: undefined }), {});
  const service = demandingService({ deletionTimestamp: "2030-01-01T00:00:00Z" });
  assertEquals(planEndpoints({ service, pods: [pod(1)], current: undefined }), {});
});

Deno.test("planEndpoints() restores what somebody changed, and nothing else", () => {
  const { create } = planEndpoints({ service: demandingService(), pods: [pod(1)], current: undefined });
  const theirs = { ...create!.metadata, annotations: { theirs: "x" } };
  const current = { ...create!, metadata: theirs };
  assertEquals(planEndpoints({ service: demandingService(), pods: [pod(1)], current }), {});
  const { update } = planEndpoints({
    service: demandingService(),
    pods: [pod(1)],
    current: { ...current, metadata: { ...theirs, labels: {} } },
  });
  assertEquals(update, current);
});

Deno.test("planEndpoints() converges in one step, whatever order the API server keeps", () => {
  const numbers = fc.uniqueArray(fc.nat(300), { maxLength: 50 });
  fc.assert(fc.property(numbers, numbers, fc.boolean(), (before, after, ready) => {
    const service = demandingService();
    const members = (numbers: readonly number[]) =>
      numbers.map((number) => pod(number, { ready: ready || number % 2 > 0 }));
    const { create } = planEndpoints({ service, pods: members(before), current: undefined });
    const { update = create! } = planEndpoints({ service, pods: members(after), current: create });
    const sorted = update.subsets?.map((subset) => ({ ...subset, addresses: subset.addresses?.toReversed() ?? [] }));
    const current = { ...update, subsets: sorted ?? [] };
    assertEquals(planEndpoints({ service, pods: members(after), current }), {});
  }));
});

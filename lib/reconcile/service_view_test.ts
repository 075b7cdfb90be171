import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type TestService, testService } from "./test_service.ts";
import { viewService } from "./service_view.ts";

const view = (special: TestService) => viewService(testService(special));
const selector = { "danm.k8s.io/selector": '{"app":"web"}' };

Deno.test("viewService() reads what is asked for", () => {
  const annotations = { ...selector, "danm.k8s.io/network": "a,b", "danm.io/clusterNetwork": "a", "x": "y" };
  const ports = [{ name: "sig", port: 2905, protocol: "SCTP", targetPort: 1 }];
  assertEquals(view({ annotations, ports, labels: { team: "x" }, publishNotReadyAddresses: true }), {
    metadata: { name: "web", namespace: "ns", uid: "uid-web", resourceVersion: "1", labels: { team: "x" } },
    demand: {
      selector: { app: "web" },
      networks: [
        { kind: "DanmNet", name: "a" },
        { kind: "DanmNet", name: "b" },
        { kind: "ClusterNetwork", name: "a" },
      ],
      families: ["IPv4", "IPv6"],
      ports,
      headless: true,
      publishNotReady: true,
    },
  });
  assertEquals(view({ ipFamilies: ["IPv6"], clusterIP: "fd00::1" }).demand?.families, ["IPv6"]);
});

Deno.test("viewService() keeps nothing but the identity of Services that are not for DANM", () => {
  const identity = { name: "web", namespace: "ns", uid: "uid-web", resourceVersion: "1" };
  const labels = { team: "x" };
  assertEquals(view({ annotations: {}, labels }), { metadata: identity });
  assertEquals(view({ annotations: { "danm.k8s.io/interfaces": "[]" }, labels }), { metadata: identity });
  assertEquals(view({ type: "ExternalName", labels }), { metadata: identity });
});

const PROBLEMS: readonly (readonly [TestService, string])[] = [
  [{ annotations: selector }, "none of danm.k8s.io/network, danm.k8s.io/tenantNetwork, danm.k8s.io/clusterNetwork"],
  [{ annotations: { "danm.io/network": "a" } }, "annotation danm.io/network: danm.k8s.io/selector is missing"],
  [{ selector: { app: "web" } }, "the Service has a spec.selector"],
  [{ annotations: { ...selector, "danm.k8s.io/tenantNetwork": "" } }, "must be the name of a TenantNetwork"],
  [{ annotations: { "danm.k8s.io/selector": "x", "danm.k8s.io/network": "a" } }, "it is not JSON"],
];

Deno.test("viewService() says why a Service that seems meant for DANM is not", () => {
  for (const [special, problem] of PROBLEMS) {
    const seen = view(special);
    assert(seen.demand === undefined, problem);
    assertStringIncludes(seen.problem ?? "", problem);
  }
});

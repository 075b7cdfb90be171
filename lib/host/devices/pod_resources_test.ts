import { assertEquals, assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path/posix";
import { listPodDevices, PodResourcesError } from "./pod_resources.ts";
import { inDirectory } from "../../../tests/in_directory.ts";
import { type Kubelet, type PodResources, servePodResources } from "./testdata/pod_resources_server.ts";

const POD = { namespace: "tenant", name: "upf-0" };

const PODS: readonly PodResources[] = [
  {
    namespace: "other",
    name: "upf-0",
    containers: [{ name: "c", devices: [{ resource_name: "nokia.k8s.io/sriov_a", device_ids: ["0000:03:10.0"] }] }],
  },
  {
    namespace: "tenant",
    name: "upf-0",
    containers: [
      {
        name: "fast",
        cpu_ids: [2, 3, 300],
        memory: [{ memory_type: "hugepages-1Gi", size: 2 ** 40 }],
        dynamic_resources: [{ claim_name: "gpu", claim_namespace: "tenant" }],
        devices: [
          {
            resource_name: "nokia.k8s.io/sriov_a",
            device_ids: ["0000:03:02.3", "0000:03:02.1"],
            topology: { nodes: [{ ID: 0 }, { ID: 1 }] },
          },
          { resource_name: "nokia.k8s.io/sriov_b", device_ids: ["0000:05:01.0"], topology: { nodes: [{ ID: 1 }] } },
          { resource_name: "nokia.k8s.io/sriov_a", device_ids: ["0000:03:02.0"] },
        ],
      },
      { name: "plain" },
      {
        name: "slow",
        devices: [{ resource_name: "nokia.k8s.io/sriov_a", device_ids: ["0000:03:02.2", "0000:03:02.1"] }],
      },
    ],
  },
  { namespace: "tenant", name: "web", containers: [{ name: "c" }] },
];

const DEVICES = new Map([
  ["nokia.k8s.io/sriov_a", ["0000:03:02.0", "0000:03:02.1", "0000:03:02.3", "0000:03:02.2"]],
  ["nokia.k8s.io/sriov_b", ["0000:05:01.0"]],
]);

/** kubelet 1.36. */
const KUBELET: Kubelet = {
  Get({ pod_name, pod_namespace }) {
    const pod = PODS.find(({ name, namespace }) => name === pod_name && namespace === pod_namespace);
    if (pod) return { pod_resources: pod };
    return { code: 2, details: `pod ${pod_name} in namespace ${pod_namespace} not found` };
  },
  List: () => ({ pod_resources: PODS }),
};

async function ask(kubelet: Kubelet, pod = POD, signal = new AbortController().signal) {
  let devices: Map<string, string[]> | undefined;
  await inDirectory(async (directory) => {
    const socketPath = join(directory, "kubelet.sock");
    using _server = await servePodResources(socketPath, kubelet);
    devices = (await listPodDevices(socketPath, pod, signal)).byResource;
  });
  return devices;
}

Deno.test("listPodDevices() returns the devices of all containers of that Pod alone", async () => {
  assertEquals(await ask(KUBELET), DEVICES);
});

Deno.test("listPodDevices() asks kubelet, whatever the environment says of proxies", async () => {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    Deno.env.set(name, "127.0.0.1");
    assertEquals(await ask(KUBELET), DEVICES);
  }
});

Deno.test("listPodDevices() returns nothing when the Pod has no devices or is unknown", async () => {
  assertEquals(await ask(KUBELET, { namespace: "tenant", name: "web" }), new Map());
  assertEquals(await ask(KUBELET, { namespace: "other", name: "web" }), new Map());
});

Deno.test("listPodDevices() lists all Pods when kubelet is too old to answer for one", async (t) => {
  const refusals = {
    "before 1.27": { code: 12, details: "unknown method Get for service v1.PodResourcesLister" },
    "gate closed": { code: 2, details: "PodResources API Get method disabled" },
  };
  for (const [name, refusal] of Object.entries(refusals)) {
    await t.step(name, async () => assertEquals(await ask({ ...KUBELET, Get: () => refusal }), DEVICES));
  }
});

Deno.test("listPodDevices() tries again when kubelet's rate limit refuses", async () => {
  let calls = 0;
  const busy: Kubelet = {
    ...KUBELET,
    Get: (request) => ++calls <= 3 ? { code: 8, details: "rejected by rate limit" } : KUBELET.Get(request),
  };
  assertEquals(await ask(busy), DEVICES);
  assertEquals(calls, 4);
});

Deno.test("listPodDevices() says what kubelet refused, in kubelet's words", async () => {
  const refusal = { code: 13, details: "checkpoint 100% löst" };
  const error = await assertRejects(() => ask({ ...KUBELET, Get: () => refusal }), PodResourcesError);
  assertStringIncludes(error.message, "checkpoint 100% löst (gRPC status 13)");
});

Deno.test("listPodDevices() rejects with the signal's reason when kubelet does not answer", async () => {
  const deadline = new AbortController();
  const reason = new Error("the deadline passed");
  let calls = 0;
  const hanging: Kubelet = { ...KUBELET, Get: () => (calls++, deadline.abort(reason), undefined) };
  assertEquals(await assertRejects(() => ask(hanging, POD, deadline.signal)), reason);
  assertGreater(calls, 0);
});

Deno.test("listPodDevices() names the socket and what is wrong with it", async (t) => {
  await inDirectory((directory) => failsAt(join(directory, "kubelet.sock"), t));
});

async function failsAt(socketPath: string, t: Deno.TestContext): Promise<void> {
  const fails = async (reason: string) => {
    const ask = () => listPodDevices(socketPath, POD, new AbortController().signal);
    const { message } = await assertRejects(ask, PodResourcesError);
    assertStringIncludes(message, socketPath);
    assertStringIncludes(message, reason);
  };
  await t.step("no such file", () => fails("there is no such socket; is kubelet running"));
  await t.step("nobody listens", async () => {
    await Deno.writeTextFile(socketPath, "");
    await fails("nothing listens at the socket");
    await Deno.remove(socketPath);
  });
  await t.step("another server", async () => {
    await using _server = Deno.serve({ path: socketPath, onListen() {} }, () => new Response("Hi!"));
    await fails("the answer is not one whole uncompressed message");
  });
  await t.step("a server of another protocol", async () => {
    await using _server = Deno.serve({ path: socketPath, onListen() {} }, () => new Response("", { status: 404 }));
    await fails("HTTP status is 404, must be 200");
  });
  await t.step("an answer that is no message", async () => {
    const rubbish = new Uint8Array([0, 0, 0, 0, 3, 10, 200, 1]);
    await using _server = Deno.serve({ path: socketPath, onListen() {} }, () => new Response(rubbish));
    await fails("Cannot ask kubelet");
  });
  await t.step("hung up", async () => {
    using listener = Deno.listen({ transport: "unix", path: socketPath });
    const hangUp = listener.accept().then((connection) => connection.close());
    await fails("Cannot ask kubelet");
    await hangUp;
  });
}

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodePodDevices } from "./decode_pod_devices.ts";
import { encodeList } from "./testdata/pod_resources_server.ts";

const RESOURCES = ["a/x", "a/y", "b/x"];
const devices = fc.record({
  resource_name: fc.constantFrom(...RESOURCES),
  device_ids: fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }),
  topology: fc.record({ nodes: fc.array(fc.record({ ID: fc.nat() }), { maxLength: 2 }) }),
});
const pod = fc.record({
  name: fc.string(),
  namespace: fc.string({ unit: "grapheme" }),
  containers: fc.array(
    fc.record({
      name: fc.string(),
      devices: fc.array(devices, { maxLength: 4 }),
      cpu_ids: fc.array(fc.nat(), { maxLength: 4 }),
      memory: fc.array(fc.record({ memory_type: fc.string(), size: fc.nat() }), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});
const pods = fc.uniqueArray(pod, {
  maxLength: 5,
  selector: ({ name, namespace }) => JSON.stringify([name, namespace]),
});

Deno.test("decodePodDevices() reads what the protobuf library writes", () => {
  fc.assert(fc.property(pods, (pods) => {
    const list = encodeList(pods);
    for (const pod of pods) {
      const decoded = decodePodDevices(list, pod).byResource;
      for (const resource of RESOURCES) {
        const ids = pod.containers.flatMap(({ devices }) =>
          devices.filter((part) => part.resource_name === resource).flatMap((part) => part.device_ids).sort()
        );
        assertEquals(decoded.get(resource) ?? [], [...new Set(ids)]);
      }
    }
    const stranger = { namespace: "no such", name: "Pod of them all" };
    assertEquals(decodePodDevices(list, stranger), { byResource: new Map(), claimed: [] });
  }));
});

Deno.test("decodePodDevices() keeps the order of the containers, and sorts what one has of several NUMA nodes", () => {
  const part = (resource_name: string, ...device_ids: string[]) => ({ resource_name, device_ids });
  const pod = {
    namespace: "n",
    name: "p",
    containers: [
      { name: "sidecar", devices: [part("a/x", "0000:3b:02.7")] },
      { name: "one", devices: [part("a/x", "0000:3b:02.5"), part("a/y", "0000:3b:03.1"), part("a/x", "0000:3b:02.3")] },
      { name: "two", devices: [part("a/x", "0000:3b:02.1", "0000:3b:02.5")] },
    ],
  };
  assertEquals([...decodePodDevices(encodeList([pod]), pod).byResource], [
    ["a/x", ["0000:3b:02.7", "0000:3b:02.3", "0000:3b:02.5", "0000:3b:02.1"]],
    ["a/y", ["0000:3b:03.1"]],
  ]);
});

Deno.test("decodePodDevices() tells of claimed devices once, in the order of the containers", () => {
  const claim = (...devices: string[]) => ({
    claim_name: "c",
    claim_namespace: "n",
    claim_resources: devices.map((device_name) => ({ driver_name: "d", pool_name: "node-1", device_name })),
  });
  const pod = {
    namespace: "n",
    name: "p",
    containers: [
      { name: "one", dynamic_resources: [claim("vf-2"), claim("vf-1")] },
      { name: "two", dynamic_resources: [claim("vf-1", "vf-0")] },
    ],
  };
  const { claimed } = decodePodDevices(encodeList([pod]), pod);
  assertEquals(claimed, ["vf-2", "vf-1", "vf-0"].map((device) => ({ driver: "d", pool: "node-1", device })));
});

Deno.test("decodePodDevices() reads or refuses whatever it is given, and never hangs", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      assert(decodePodDevices(bytes, { namespace: "", name: "" }).byResource instanceof Map);
    } catch (error) {
      assert(error instanceof Error);
    }
  }));
});

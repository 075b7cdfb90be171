import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodePodResources } from "./decode_pod_resources.ts";
import { encodeList } from "./testdata/pod_resources_server.ts";

const devices = fc.record({
  resource_name: fc.constantFrom("a/x", "a/y", "b/x"),
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

Deno.test("decodePodResources() reads what the protobuf library writes", () => {
  fc.assert(fc.property(fc.array(pod, { maxLength: 5 }), (pods) => {
    const decoded = decodePodResources(encodeList(pods));
    assertEquals(decoded.map(({ name, namespace }) => [name, namespace]), pods.map((p) => [p.name, p.namespace]));
    for (const [index, { devices }] of decoded.entries()) {
      const parts = pods[index]!.containers.flatMap((container) => container.devices);
      for (const resource of ["a/x", "a/y", "b/x"]) {
        const ids = parts.filter((part) => part.resource_name === resource).flatMap((part) => part.device_ids);
        assertEquals(devices.get(resource) ?? [], [...new Set(ids)].sort());
      }
    }
  }));
});

Deno.test("decodePodResources() reads or refuses whatever it is given, and never hangs", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      assert(Array.isArray(decodePodResources(bytes)));
    } catch (error) {
      assert(error instanceof Error);
    }
  }));
});

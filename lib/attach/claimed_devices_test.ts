import { assertEquals } from "@std/assert";
import type { ResourceSlice } from "../api/resource_slice.ts";
import { claimedDevices } from "./claimed_devices.ts";

type Attributes = Readonly<Record<string, string>>;

function slice(devices: Readonly<Record<string, Attributes>>, generation = 1, driver = "nic.example"): ResourceSlice {
  const published = Object.entries(devices).map(([name, attributes]) => ({
    name,
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, string]) => [key, { string }])),
  }));
  return {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceSlice",
    metadata: { name: "s" },
    spec: { driver, pool: { name: "node-1", generation }, devices: published },
  };
}

const NAME = "k8s.cni.cncf.io/resourceName";
const ID = "k8s.cni.cncf.io/deviceID";
const PCI = "resource.kubernetes.io/pciBusID";
const claim = (device: string, driver = "nic.example") => ({ driver, pool: "node-1", device });

Deno.test("claimedDevices() has devices by the resource that their attributes name, in the order of the claims", () => {
  const slices = [
    slice({ a: { [NAME]: "x/vf", [ID]: "0000:01:00.1" } }),
    slice({ b: { [NAME]: "x/vf", [PCI]: "0000:01:00.2" } }),
  ];
  assertEquals([...claimedDevices([claim("b"), claim("a")], slices)], [["x/vf", ["0000:01:00.2", "0000:01:00.1"]]]);
});

Deno.test("claimedDevices() goes by the driver's name where no attribute says another", () => {
  const slices = [slice({ a: { [PCI]: "0000:01:00.1" } }, 1, "gpu.example"), slice({ a: { [PCI]: "0000:02:00.1" } })];
  assertEquals([...claimedDevices([claim("a"), claim("a", "gpu.example")], slices)], [
    ["nic.example", ["0000:02:00.1"]],
    ["gpu.example", ["0000:01:00.1"]],
  ]);
});

Deno.test("claimedDevices() believes the newest generation of a pool, and leaves out what has no ID or is nowhere", () => {
  const slices = [slice({ a: { [ID]: "old" }, b: {} }), slice({ a: { [ID]: "new" } }, 2)];
  assertEquals([...claimedDevices([claim("a"), claim("b"), claim("c")], slices)], [["nic.example", ["new"]]]);
});

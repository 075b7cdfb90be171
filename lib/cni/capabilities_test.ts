import { assertEquals } from "@std/assert";
import { CAPABILITIES, runtimeConfigOf } from "./capabilities.ts";

Deno.test("runtimeConfigOf() gives the first interface everything, and the others what the container has for all", () => {
  const all = Object.fromEntries([...CAPABILITIES, "com.example/new"].map((name) => [name, name]));
  assertEquals(runtimeConfigOf(0, all), all);
  for (const index of [1, 31]) {
    assertEquals(runtimeConfigOf(index, all), { cgroupPath: "cgroupPath", dns: "dns" });
  }
  assertEquals(runtimeConfigOf(1, {}), {});
});

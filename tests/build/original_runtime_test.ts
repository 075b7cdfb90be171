import { assertThrows } from "@std/assert";
import { originalRuntime } from "./original_runtime.ts";

Deno.test("originalRuntime() refuses what nothing was compiled into", async () => {
  const program = await Deno.readFile("/bin/true");
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("#!/bin/sh\n".repeat(20)), program]) {
    assertThrows(() => originalRuntime(bytes), Error, "Cannot take the program apart: ");
  }
});

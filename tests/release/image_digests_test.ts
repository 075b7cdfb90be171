import { assertEquals, assertThrows } from "@std/assert";
import { manifestDigest, withDigests } from "./image_digests.ts";

Deno.test("withDigests() names DANM's images by their digests, and leaves those of others", () => {
  const manifest =
    "a:\n  - image: danm/webhook:1.0.0\n  - name: x\n    image: danm/webhook:1.0.01\n    image: busybox:1\n";
  assertEquals(
    withDigests(manifest, new Map([["danm/webhook:1.0.0", "sha256:12"]])),
    manifest.replace("webhook:1.0.0\n", "webhook:1.0.0@sha256:12\n"),
  );
});

Deno.test("manifestDigest() is that of the one image in an archive", () => {
  assertEquals(manifestDigest({ manifests: [{ digest: "sha256:12" }] }), "sha256:12");
  assertThrows(() => manifestDigest({ manifests: [] }), Error, "must have one");
});

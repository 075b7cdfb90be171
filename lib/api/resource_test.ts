import { assertEquals } from "@std/assert";
import { apiVersionOf, isApiGroup, resourceFor } from "./resource.ts";

Deno.test("resourceFor() places a kind under the group that DANM is installed under", () => {
  assertEquals(resourceFor("DanmEp", "danm.io"), {
    group: "danm.io",
    version: "v1",
    plural: "danmeps",
    namespaced: true,
  });
  assertEquals(resourceFor("AddressBlock", "danm.k8s.io").namespaced, false);
  assertEquals(apiVersionOf("danm.k8s.io"), "danm.k8s.io/v1");
});

Deno.test("isApiGroup() accepts the two groups and nothing else", () => {
  assertEquals(["danm.k8s.io", "danm.io", "", "kubernetes.nokia.com"].map(isApiGroup), [true, true, false, false]);
});

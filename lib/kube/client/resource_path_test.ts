import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { resourcePath } from "./resource_path.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const NETWORKS = { group: "danm.k8s.io", version: "v1", plural: "danmnets" };

Deno.test("resourcePath() follows the Kubernetes API's URIs", () => {
  assertEquals(resourcePath(PODS), "/api/v1/pods");
  assertEquals(resourcePath({ ...PODS, namespace: "a", name: "p" }), "/api/v1/namespaces/a/pods/p");
  assertEquals(resourcePath({ ...NETWORKS, namespace: "a" }), "/apis/danm.k8s.io/v1/namespaces/a/danmnets");
  assertEquals(
    resourcePath({ ...NETWORKS, name: "n", subresource: "status" }),
    "/apis/danm.k8s.io/v1/danmnets/n/status",
  );
});

Deno.test("resourcePath() never leaves the collection, whatever a user calls an object", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", ".", "..", "a/b", "a?b", "%2e%2e", "a#b", "\ud800")),
      (name) => {
        let path: string;
        try {
          path = resourcePath({ ...NETWORKS, namespace: "a", name });
        } catch (error) {
          return error instanceof TypeError && (["", ".", ".."].includes(name) || !name.isWellFormed());
        }
        const url = new URL(`https://h${path}`);
        const prefix = "/apis/danm.k8s.io/v1/namespaces/a/danmnets/";
        assertEquals([url.pathname.startsWith(prefix), url.search, url.hash], [true, "", ""]);
        assertEquals(decodeURIComponent(url.pathname.slice(prefix.length)), name);
      },
    ),
  );
});

Deno.test("resourcePath() names what cannot be addressed", () => {
  assertThrows(
    () => resourcePath({ ...NETWORKS, namespace: "a", name: ".." }),
    TypeError,
    'Cannot address an object of danmnets: name is "..", must be a DNS name',
  );
});

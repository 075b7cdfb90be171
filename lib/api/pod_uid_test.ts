import { assertEquals } from "@std/assert";
import { isStaticPodUid, podIdentityOf, podUid, podUids } from "./pod_uid.ts";

const MIRROR = { "kubernetes.io/config.mirror": "0123456789abcdef0123456789abcdef" };

Deno.test("podUid() is kubelet's for a mirror Pod, and the API's for every other", () => {
  assertEquals(podUid({ uid: "api", annotations: MIRROR }), "0123456789abcdef0123456789abcdef");
  assertEquals(podUid({ uid: "api" }), "api");
  assertEquals(podUid({ uid: "api", annotations: { "kubernetes.io/config.mirror": "" } }), "api");
  assertEquals(podUid({ uid: "api", annotations: { "kubernetes.io/config.hash": "h" } }), "api");
});

Deno.test("podUids() has the API's too, which earlier versions wrote down", () => {
  assertEquals(podUids({ uid: "api", annotations: MIRROR }), ["0123456789abcdef0123456789abcdef", "api"]);
  assertEquals(podUids({ uid: "api" }), ["api"]);
});

Deno.test("podIdentityOf() keeps of the annotations what tells a mirror Pod", () => {
  const metadata = { name: "p", namespace: "n", uid: "api", resourceVersion: "7", labels: { a: "b" } };
  assertEquals(podIdentityOf({ ...metadata, annotations: { ...MIRROR, big: "x".repeat(1000) } }), {
    name: "p",
    namespace: "n",
    uid: "api",
    resourceVersion: "7",
    annotations: MIRROR,
  });
  assertEquals(podIdentityOf({ ...metadata, annotations: { big: "x" } }).annotations, undefined);
});

Deno.test("isStaticPodUid() tells kubelet's UIDs from the API's", () => {
  assertEquals(isStaticPodUid("0123456789abcdef0123456789abcdef"), true);
  assertEquals(isStaticPodUid("8a3c9f00-0000-4000-8000-000000000001"), false);
});

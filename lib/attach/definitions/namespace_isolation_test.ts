import { assertEquals } from "@std/assert";
import { isolationObjection } from "./namespace_isolation.ts";

const ALLOWED: readonly (readonly [boolean, string, boolean])[] = [
  [false, "theirs", true],
  [true, "own", true],
  [true, "shared", true],
  [true, "theirs", false],
];

for (const [namespaceIsolation, namespace, isAllowed] of ALLOWED) {
  Deno.test(`isolationObjection() ${isAllowed ? "allows" : "refuses"} ${namespace} when isolation is ${namespaceIsolation}`, () => {
    const objection = isolationObjection(
      { namespaceIsolation, globalNamespaces: ["default", "shared"] },
      "own",
      namespace,
    );
    assertEquals(
      objection,
      isAllowed ? undefined : 'namespace is "theirs", must be that of the Pod, "own", or one of globalNamespaces ' +
        "(default, shared), as namespaceIsolation is on",
    );
  });
}

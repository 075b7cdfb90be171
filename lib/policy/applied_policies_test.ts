import { assertEquals } from "@std/assert";
import { isBehind } from "./applied_policies.ts";
import { viewPolicy } from "./policy_view.ts";

function policy(uid: string, resourceVersion: string) {
  return viewPolicy({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: uid, namespace: "a", uid, resourceVersion },
  });
}

const CASES: readonly [string, [string, string][], Record<string, string>, boolean][] = [
  ["nothing was applied", [["u", "5"]], {}, false],
  ["the same", [["u", "5"]], { u: "5" }, false],
  ["newer, with more digits", [["u", "10"]], { u: "9" }, false],
  ["older, with fewer digits", [["u", "9"]], { u: "10" }, true],
  ["older in one of two", [["u", "5"], ["v", "5"]], { u: "5", v: "6" }, true],
  ["one is not known", [["u", "5"]], { u: "5", v: "5" }, true],
  ["made again under its name", [["v", "7"]], { u: "5" }, true],
  ["not to be compared", [["u", "abc"]], { u: "abd" }, true],
];

for (const [what, known, applied, expected] of CASES) {
  Deno.test(`isBehind() tells who may have missed something: ${what}`, () => {
    assertEquals(isBehind(known.map(([uid, version]) => policy(uid, version)), applied), expected);
  });
}

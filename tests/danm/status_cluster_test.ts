/** STATUS: whether an ADD could be served now. */

import { assertEquals, assertMatch } from "@std/assert";
import { danmTest } from "./danm_case.ts";

danmTest("answers STATUS with 50 and the reason, when its kubeconfig or the API server is of no use", async (node) => {
  const status = async (changes: Readonly<Record<string, unknown>>) => {
    const { answer } = await node.runtime.call("STATUS", undefined, { cniVersion: "1.1.0", ...changes });
    return answer as { code: number; msg: string };
  };
  assertEquals((await node.runtime.call("STATUS", undefined, { cniVersion: "1.1.0" })).code, 0);

  const broken = `${node.runtime.folder}/broken.kubeconfig`;
  await Deno.writeTextFile(broken, "clusters: [");
  const stranger = await node.cluster.writeKubeconfig({ token: "secret-of-nobody" });
  const known = await node.cluster.kubeconfigFor({ namespace: node.namespace, name: "powerless" });
  const text = await Deno.readTextFile(node.cluster.kubeconfig);
  const silent = `${node.runtime.folder}/silent.kubeconfig`;
  await Deno.writeTextFile(silent, text.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:1"));
  const reasons: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ kubeconfig: "/nowhere/kubeconfig" }, /^Cannot read kubeconfig \/nowhere\/kubeconfig: /],
    [{ kubeconfig: broken }, /^Cannot read kubeconfig .*broken\.kubeconfig: it is not YAML/],
    [{ kubeconfig: silent, timeout: 1 }, /^Cannot reach API server https:\/\/127\.0\.0\.1:1: /],
    [{ kubeconfig: stranger }, /Unauthorized \(401 Unauthorized\)$/],
    [{ kubeconfig: known }, /forbidden.*\(403 Forbidden\)$/],
  ];
  for (const [changes, reason] of reasons) {
    const { code, msg, ...answer } = await status(changes);
    assertEquals([code, answer], [50, { cniVersion: "1.1.0" }]);
    assertMatch(msg, reason);
  }
});

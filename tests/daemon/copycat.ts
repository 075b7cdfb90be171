/**
 * The least that is a daemon: gives every ConfigMap labelled `copy=me` a key `copy` with the value of its key `value`, and a
 * key `by` that says which process did so.
 */

import type { KubeObject } from "../../lib/api/kube_object.ts";
import { splitKey } from "../../lib/kube/watch/object_key.ts";
import { createController } from "../../lib/controller/controller.ts";
import { type Daemon, runDaemon } from "../../lib/controller/daemon.ts";
import { booleanFlag, choiceFlag } from "../../lib/controller/flag.ts";
import { createLeadership } from "../../lib/controller/leadership.ts";
import { runTogether } from "../../lib/controller/run_together.ts";
import { watchResource } from "../../lib/controller/watch_resource.ts";

type ConfigMap = KubeObject<"ConfigMap", { readonly data?: Readonly<Record<string, string>> }>;

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };

async function copy(daemon: Daemon, leaderElect: boolean, signal: AbortSignal): Promise<void> {
  const leadership = createLeadership(daemon, leaderElect);
  const maps = watchResource<ConfigMap>(
    daemon,
    { resource: CONFIG_MAPS, labelSelector: "copy=me" },
    ({ key }) => controller.add(key),
  );
  const controller = createController(daemon, {
    name: "copies",
    caches: () => [maps],
    async reconcile(key, signal) {
      const { value, copy } = maps.get(key)?.data ?? {};
      if (value === undefined || value === copy) return;
      const ref = { ...CONFIG_MAPS, ...splitKey(key) };
      await leadership.kube.patch(ref, { type: "merge", body: { data: { copy: value, by: daemon.identity } } }, {
        signal,
      });
      daemon.events.record({ apiVersion: "v1", kind: "ConfigMap", metadata: splitKey(key) }, {
        type: "Normal",
        reason: "Copied",
        action: "Copy",
        note: `copied ${value}`,
      });
    },
  });
  await runTogether([maps.run, (signal) => leadership.run(controller.run, signal)], signal);
}

/** Ways to go wrong, for tests of what becomes of them. */
const misbehaviours = {
  none: copy,
  reject(_daemon: Daemon, _leaderElect: boolean, signal: AbortSignal) {
    void Promise.reject(new Error("nobody caught this"));
    return untilAborted(signal);
  },
  throw(_daemon: Daemon, _leaderElect: boolean, signal: AbortSignal) {
    setTimeout(() => {
      throw new Error("nobody caught this");
    });
    return untilAborted(signal);
  },
  fail: () => Promise.reject(new Error("the work failed")),
  end: () => Promise.resolve(),
  hang: () => new Promise<void>(() => setInterval(() => {}, 1000)),
};

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

Deno.exit(
  await runDaemon({
    name: "copycat",
    summary: "copies values of ConfigMaps",
    metricsPort: 9999,
    flags: {
      leaderElect: booleanFlag("work only while no other replica does", false),
      misbehaviour: choiceFlag(Object.keys(misbehaviours) as (keyof typeof misbehaviours)[], "what goes wrong", "none"),
    },
    run: (daemon, { misbehaviour, leaderElect }, signal) => misbehaviours[misbehaviour](daemon, leaderElect, signal),
  }, Deno.args),
);

import type { Identified } from "../kube/watch/follow_collection.ts";
import { createInformer, type Informer, type InformerOptions } from "../kube/watch/informer.ts";
import type { Change } from "../kube/watch/object_cache.ts";
import type { Daemon } from "./daemon.ts";

/**
 * An informer whose failures are in the daemon's log and metrics, and without whose first answer the daemon is not ready.
 *
 * @param options `name` in log and metrics, where that of the resource would be another informer's too
 * @param changed adds keys to a queue, as a rule; called for everything there is at first
 */
export function watchResource<Wire extends Identified, T extends Identified = Wire>(
  { kube, log, meters, health }: Pick<Daemon, "kube" | "log" | "meters" | "health">,
  options: InformerOptions<Wire, T> & { readonly name?: string },
  changed: (change: Change<T>) => void,
): Informer<T> {
  const { plural, group } = options.resource;
  const resource = options.name ?? plural;
  meters.watchFailures.inc({ resource }, 0);
  const informer = createInformer<Wire, T>(kube, options, {
    changed,
    failed(reason, retryInMs) {
      meters.watchFailures.inc({ resource });
      log.write("warning", "cannot follow the API server", { resource, reason, retryInMs: Math.round(retryInMs) });
    },
    servedChanged: (served) => log.write("info", served ? "watching" : "not installed", { resource, group }),
  });
  meters.informers.set(resource, informer);
  health.addReadiness(`watch ${resource}`, () => informer.hasSynced ? undefined : "has not seen all objects yet");
  return informer;
}

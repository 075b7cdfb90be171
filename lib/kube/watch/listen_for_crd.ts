import { type BackoffLimits, backoffMs } from "../../time/backoff.ts";
import { startDeadline } from "../../time/deadline.ts";
import { pause } from "../../time/pause.ts";
import type { KubeClient } from "../client/client.ts";
import type { ResourceType } from "../client/resource_path.ts";

const CRDS = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };

/** Waits for a type that is not served. */
export interface CrdListener {
  /** Resolves when something was heard of the type's CRD that was not known yet, or after `ms` at the latest. */
  heard(ms: number, signal: AbortSignal): Promise<void>;
  /** To be told when the type is served. */
  served(): void;
}

/**
 * Hears at once when the CRD of `type` is made or changes: an object that comes with its type must not stay unseen until
 * somebody asks again. A CRD that is there although its type is not served is on its way, or does not serve this version:
 * that is looked at again at growing intervals. Who may not read CRDs waits for as long as the caller says.
 */
export function listenForCrd(
  client: Pick<KubeClient, "watch">,
  { group, plural }: ResourceType,
  backoff: BackoffLimits,
): CrdListener {
  const fieldSelector = `metadata.name=${plural}.${group}`;
  let seen = "";
  let attempts = 0;
  return {
    async heard(ms, signal) {
      using deadline = startDeadline(signal, ms);
      const options = { fieldSelector, metadataOnly: true, signal: deadline.signal };
      try {
        for await (const { type, object } of client.watch<{ metadata: { resourceVersion: string } }>(CRDS, options)) {
          if (type === "BOOKMARK" || type === "DELETED") continue;
          const isNews = object.metadata.resourceVersion !== seen;
          seen = object.metadata.resourceVersion;
          if (isNews) attempts = 0;
          attempts++;
          return await pause(Math.min(ms, backoffMs(attempts, backoff, Math.random())), signal);
        }
      } catch {
        // Time is up, or it cannot be heard: the poll that follows finds out what there is, and tells what is wrong.
      }
      await pause(ms, deadline.signal);
    },
    served() {
      seen = "";
      attempts = 0;
    },
  };
}

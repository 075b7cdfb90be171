import { listAll } from "../kube/client/list_all.ts";
import type { Section } from "../view/report.ts";
import { isForbidden, type Reading } from "./read_snapshot.ts";

/** An Event as it is read here. Source: Kubernetes API, core/v1 Event. */
interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly eventTime?: string | null;
  readonly lastTimestamp?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

/** The Events of one object, the latest last; none where the user may not read them. */
export async function readEvents(reading: Reading, kind: string, name: string): Promise<Section> {
  const { kube, namespace, signal } = reading;
  const ref = { group: "", version: "v1", plural: "events", ...(namespace !== undefined && { namespace }) };
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  const events = await listAll<Event>(kube, ref, { fieldSelector, signal }).catch((error) => {
    if (isForbidden(error)) return [];
    throw error;
  });
  const rows = events.map(({ series, lastTimestamp, eventTime, type, reason, message }) => {
    return [series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? "", type, reason, message?.trim()];
  });
  return {
    name: "events",
    columns: ["time", "type", "reason", "message"],
    rows: rows.toSorted((a, b) => `${a[0]}`.localeCompare(`${b[0]}`)),
  };
}

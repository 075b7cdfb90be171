import type { DanmEp } from "../api/danm_ep.ts";
import { addressesOf, attachedText } from "./network_names.ts";
import type { Section } from "./report.ts";

const COLUMNS = ["pod", "interface", "network", "type", "addresses", "mac", "node", "device", "since", "sandbox"];

/** Interfaces of Pods, in the order of Pods and their interfaces. */
export function interfacesSection(endpoints: readonly DanmEp[]): Section {
  const rows = endpoints.map((endpoint) => {
    const { metadata: { namespace, creationTimestamp }, spec } = endpoint;
    const { Interface: { Name, MacAddress, DeviceID } } = spec;
    return [
      `${namespace}/${spec.Pod}`,
      Name,
      attachedText(endpoint),
      spec.NetworkType,
      addressesOf(endpoint).join(" ") || undefined,
      MacAddress || undefined,
      spec.Host,
      DeviceID || undefined,
      creationTimestamp,
      spec.CID,
    ];
  });
  const key = (row: typeof rows[number]) => `${row[0]} ${row[1]}`;
  const sorted = rows.toSorted((a, b) => key(a).localeCompare(key(b), "en", { numeric: true }));
  return { name: "interfaces", columns: COLUMNS, wide: ["device", "since", "sandbox"], rows: sorted };
}

import { podUids } from "../api/pod_uid.ts";
import { isSelected } from "../reconcile/service_selector.ts";
import { viewService } from "../reconcile/service_view.ts";
import { addressesOf } from "./network_names.ts";
import type { Section } from "./report.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Services that lead to interfaces of DANM, and whom they select, ready or not; of those that cannot be used, why.
 *
 * @param uids only Services that lead to one of the Pods known by these UIDs; all when absent
 */
export function servicesSection({ services, pods, endpoints }: Snapshot, uids?: readonly string[]): Section {
  const rows = services.flatMap((service) => {
    const { metadata: { namespace, name } } = service;
    const { demand, problem } = viewService(service);
    if (demand === undefined) {
      return problem && !uids ? [[`${namespace}/${name}`, undefined, undefined, undefined, undefined, problem]] : [];
    }
    const selected = new Set(
      pods.filter(({ metadata }) => metadata.namespace === namespace && isSelected(demand.selector, metadata.labels))
        .flatMap(({ metadata }) => podUids(metadata)),
    );
    const interfaces = endpoints.filter(({ metadata, spec }) =>
      metadata.namespace === namespace && selected.has(spec.PodUID) &&
      demand.networks.some(({ kind, name }) => kind === spec.apiType && name === spec.NetworkName)
    );
    if (uids && !interfaces.some(({ spec }) => uids.includes(spec.PodUID))) return [];
    const networks = demand.networks.map(({ kind, name }) => `${kind}/${name}`).join(" ");
    const selector = Object.entries(demand.selector).map(([key, value]) => `${key}=${value}`).join(",");
    const leadTo = new Set(interfaces.map(({ spec }) => spec.PodUID)).size;
    const addresses = interfaces.flatMap(addressesOf).length;
    return [[`${namespace}/${name}`, networks, selector, leadTo, addresses, undefined]];
  });
  return { name: "services", columns: ["service", "networks", "selector", "pods", "addresses", "problem"], rows };
}

import type { Dns, Result } from "./result.ts";

/** Joins results in the order given; the addresses keep pointing to their interfaces. */
export function mergeResults(results: readonly Result[]): Result {
  let offset = 0;
  const ips = results.flatMap((result) => {
    const start = offset;
    offset += result.interfaces.length;
    return result.ips.map((ip) => ip.interface === undefined ? ip : { ...ip, interface: start + ip.interface });
  });
  return {
    interfaces: results.flatMap(({ interfaces }) => interfaces),
    ips,
    routes: results.flatMap(({ routes }) => routes),
    dns: mergeDns(results.map(({ dns }) => dns)),
  };
}

/** Lists one after the other, each entry once; there can be only one domain, the first. */
function mergeDns(parts: readonly Dns[]): Dns {
  const domain = parts.find((part) => part.domain !== undefined)?.domain;
  const list = (key: "nameservers" | "search" | "options") => {
    const entries = [...new Set(parts.flatMap((part) => part[key] ?? []))];
    return entries.length > 0 && { [key]: entries };
  };
  return { ...list("nameservers"), ...(domain !== undefined && { domain }), ...list("search"), ...list("options") };
}

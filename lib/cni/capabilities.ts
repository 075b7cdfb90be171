/** What runtimes pass to the plugins that ask for it. Source: CNI "Extension conventions", "Dynamic Plugin specific fields". */

/** All that a runtime may have to pass on. DANM asks for it, as any of its delegates may have the capability. */
export const CAPABILITIES = [
  "aliases",
  "bandwidth",
  "cgroupPath",
  "deviceID",
  "dns",
  "infinibandGUID",
  "ipRanges",
  "ips",
  "mac",
  "portMappings",
] as const;

/** Those of them that are about the container, whatever interfaces it has. */
const OF_CONTAINER: readonly string[] = ["cgroupPath", "dns"] satisfies readonly typeof CAPABILITIES[number][];

/**
 * What of `runtimeConfig` is about the interface with this index. The runtime knows of one interface, the first: its
 * ports, bandwidth, addresses and so on are no other's.
 */
export function runtimeConfigOf(
  index: number,
  runtimeConfig: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (index === 0) return runtimeConfig;
  return Object.fromEntries(Object.entries(runtimeConfig).filter(([name]) => OF_CONTAINER.includes(name)));
}

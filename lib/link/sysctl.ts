/** Kernel settings of a network namespace, below /proc/sys/net. Source: the kernel's networking/ip-sysctl. */

/** A setting and its value. */
export interface Sysctl {
  /** The path below /proc/sys/net, one element per level, so that an interface name may contain dots. */
  readonly key: readonly string[];
  readonly value: string;
  /** The setting is skipped where the kernel does not have it, e.g. everything of IPv6 on a kernel without. */
  readonly optional?: boolean;
}

/** A setting could not be written. */
export class SysctlError extends Error {
  override readonly name = "SysctlError";

  /** @param reason `missing`: the kernel has no such setting, or no such interface; `refused`: it did not take the value */
  constructor(readonly sysctl: Sysctl, readonly reason: "missing" | "refused") {
    const why = reason === "missing" ? "the kernel does not have it" : "the kernel refused the value";
    super(`Cannot set net.${sysctl.key.join(".")} to ${sysctl.value}: ${why}`);
  }
}

/**
 * The file of a setting.
 *
 * @throws {TypeError} when an element of the key would leave /proc/sys/net
 */
export function sysctlPath({ key }: Sysctl): string {
  const wrong = key.find((element) => element === "" || element === "." || element === ".." || element.includes("/"));
  if (key.length === 0 || wrong !== undefined) {
    throw new TypeError(`Cannot set net.${key.join(".")}: ${JSON.stringify(wrong)} is no name of a setting`);
  }
  return `/proc/sys/net/${key.join("/")}`;
}

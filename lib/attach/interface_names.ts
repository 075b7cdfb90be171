/** Names of a Pod's interfaces. */

import { isInterfaceName, MAX_INTERFACE_NAME } from "../net/interface_name.ts";

/** How interfaces after the first are named: prefix and number, or the original system's prefix verbatim. */
export const NAMING_SCHEMES = ["numbered", "legacy"] as const;
export type NamingScheme = typeof NAMING_SCHEMES[number];

/** Whether `text` names a scheme. */
export function isNamingScheme(text: string): text is NamingScheme {
  return (NAMING_SCHEMES as readonly string[]).includes(text);
}

/** A Pod's interfaces that cannot be named. */
export class InterfaceNameError extends Error {
  override readonly name = "InterfaceNameError";
}

/**
 * Names the interfaces of a Pod: the first as the runtime says, entry n `<prefix or eth><n>`.
 *
 * @param first what the runtime calls the first interface (CNI_IFNAME)
 * @param prefixes `container_prefix` of each entry's network, in the order of the annotation
 * @param own the names of those that have one of their own, at their places
 * @throws {InterfaceNameError} when a name is not one the kernel takes, or two are the same
 */
export function nameInterfaces(
  first: string,
  prefixes: readonly (string | undefined)[],
  scheme: NamingScheme,
  own: readonly (string | undefined)[] = [],
): string[] {
  const names = prefixes.map((prefix, index) => {
    if (index === 0) return first;
    if (own[index] !== undefined) return own[index];
    return scheme === "legacy" && prefix ? prefix : `${prefix || "eth"}${index}`;
  });
  names.forEach((name, index) => {
    if (!isInterfaceName(name)) {
      throw new InterfaceNameError(
        `Cannot name interface ${index}: it is "${name}", must be at most ${MAX_INTERFACE_NAME} characters ` +
          "and only letters, digits, '_', '.', '-' and '@'",
      );
    }
    const other = names.indexOf(name);
    if (other !== index) {
      throw new InterfaceNameError(
        `Cannot name interface ${index}: it is "${name}", must differ from the name of interface ${other}`,
      );
    }
  });
  return names;
}

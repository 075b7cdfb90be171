/** Names of network interfaces, as the Linux kernel allows them (`dev_valid_name`) and ip(8) can be handed safely. */

/** The longest name the kernel takes: IFNAMSIZ less the terminating zero. */
export const MAX_INTERFACE_NAME = 15;

/** The characters DANM allows in a name: what the kernel allows, less what a tool could take for something else. */
const CHARACTERS = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;

/** Whether `text` has only characters an interface name may have, whatever its length. */
export function hasInterfaceNameCharacters(text: string): boolean {
  return CHARACTERS.test(text);
}

/** Whether `text` can be the name of an interface. */
export function isInterfaceName(text: string): boolean {
  return text.length <= MAX_INTERFACE_NAME && hasInterfaceNameCharacters(text);
}

/** Ethernet addresses (IEEE 802). */

/** Whether `text` is six octets in hexadecimal, separated by colons. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
}

/** Whether `text` is a hardware address that says there is none: nothing but zeros, whatever its length. */
export function isZeroMac(text: string): boolean {
  return /^00(:00)*$/.test(text);
}

/**
 * A locally administered unicast address made of six bytes.
 *
 * @param bytes six bytes, e.g. random ones; the two flag bits of the first are overwritten
 */
export function localMac(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 6)]
    .map((byte, index) => (index === 0 ? (byte & 0xfc) | 0x02 : byte).toString(16).padStart(2, "0"))
    .join(":");
}

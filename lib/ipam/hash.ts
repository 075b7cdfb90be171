/** A fast, well-mixed hash for spreading writers and naming states; no protection against an adversary. */

/**
 * FNV-1a over the UTF-16 code units of `text`, with MurmurHash3's final mix so that the low bits can be used alone.
 *
 * @param seed another seed gives an independent hash
 * @returns an unsigned 32-bit integer
 */
export function hash32(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 64 bits of hash as 16 hexadecimal digits: long enough to tell states apart, short enough for a label. */
export function hashKey(text: string): string {
  return [0, 0x9e3779b9].map((seed) => hash32(text, seed).toString(16).padStart(8, "0")).join("");
}

/**
 * A name that no other process has or will have, and by which people find this one: the host's name, which in a Pod is the
 * Pod's, and a random part.
 */
export function processIdentity(): string {
  return `${Deno.hostname()}_${crypto.randomUUID()}`;
}

/** How long something has been missing. */

/** Since when each UID has been missing, in milliseconds of the caller's clock. */
export type MissingSince = ReadonlyMap<string, number>;

/** The record after another look at time `now`: whatever is not missing any more has to begin anew. */
export function noteMissing(before: MissingSince, missing: Iterable<string>, now: number): MissingSince {
  return new Map(Iterator.from(missing).map((uid) => [uid, before.get(uid) ?? now]));
}

/**
 * Which have been missing for `graceMs`, and how long until the next one will have been; undefined for never.
 *
 * @param patience how many times as long a UID must have been missing
 */
export function overdue(
  since: MissingSince,
  now: number,
  graceMs: number,
  patience: (uid: string) => number = () => 1,
): { readonly uids: ReadonlySet<string>; readonly nextInMs: number | undefined } {
  const uids = new Set<string>();
  let nextInMs: number | undefined;
  for (const [uid, at] of since) {
    const leftMs = at + graceMs * patience(uid) - now;
    if (leftMs <= 0) uids.add(uid);
    else nextInMs = Math.min(nextInMs ?? leftMs, leftMs);
  }
  return { uids, nextInMs };
}

/** Which containers of a node are gone without a DEL. */

/** A container with a journal on the node. */
export interface RecordedContainer {
  /** UID of its Pod. */
  readonly podUid: string;
  /** Whether its network namespace exists. */
  readonly hasNamespace: boolean;
  /** Whether the API server knows no Pod of this UID any more; undefined when it was not asked. */
  readonly podIsGone?: boolean;
}

/**
 * Whether `container` is gone for good, so that all it had may be taken back: its namespace is gone, and its Pod as well or
 * in another container by now.
 *
 * That the namespace cannot be seen is no proof by itself: with a wrong mount that would be true of every container.
 *
 * @param all of the node's containers, `container` included
 */
export function isContainerGone(container: RecordedContainer, all: readonly RecordedContainer[]): boolean {
  if (container.hasNamespace) return false;
  return container.podIsGone === true ||
    all.some(({ podUid, hasNamespace }) => hasNamespace && podUid === container.podUid);
}

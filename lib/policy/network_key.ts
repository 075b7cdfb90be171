/** What an interface can be attached to: a network, or a definition of the Network Plumbing Working Group. */
export interface AttachedTo {
  readonly kind: string;
  /** Absent for a ClusterNetwork. */
  readonly namespace?: string;
  readonly name: string;
}

/** One text for what an interface is attached to, e.g. `DanmNet/tenant-a/external`, `ClusterNetwork/default`. */
export function networkKey({ kind, namespace, name }: AttachedTo): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

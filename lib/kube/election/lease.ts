import type { KubeObject } from "../../api/kube_object.ts";
import type { KubeClient } from "../client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../client/kube_error.ts";
import { microTime } from "../../time/micro_time.ts";

/** A Lease, as far as electing a leader goes. Source: Kubernetes API, coordination.k8s.io/v1. */
export type LeaseObject = KubeObject<"Lease", {
  readonly spec: {
    /** Who holds it; empty or absent when it was released. */
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** RFC 3339 with microseconds. */
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}>;

const LEASES = { group: "coordination.k8s.io", version: "v1", plural: "leases" };

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Tells this contender from all others; never used again by another one. */
  readonly identity: string;
  readonly durationMs: number;
}

/** One contender's view of a Lease. */
export interface Lease {
  /**
   * Takes the Lease when it is free, or holds on to it. Whether this contender holds it now.
   *
   * @throws {KubeError | KubeUnreachableError} when nobody knows; it may have been taken, too
   */
  hold(signal: AbortSignal): Promise<boolean>;
  /** Lets go of the Lease, if this contender holds it, so that nobody has to wait. */
  release(signal: AbortSignal): Promise<void>;
  /** How long another's hold can still be valid, in milliseconds; 0 when the Lease is free. */
  freeInMs(): number;
  /** Who was last seen to hold it; empty when nobody does. */
  readonly holder: string;
}

/**
 * A Lease, with the rules of client-go: another's hold counts for the duration it claims from the moment this process saw
 * it renewed, so no two clocks need agree; every write names the version it replaces, so only one of several wins.
 */
export function openLease(client: KubeClient, options: LeaseOptions): Lease {
  const { namespace, name, identity, durationMs } = options;
  const leases = { ...LEASES, namespace };
  const ref = { ...leases, name };
  let seen: LeaseObject | undefined;
  let seenAt = 0;
  const holder = () => seen?.spec.holderIdentity ?? "";

  function note(lease: LeaseObject | undefined): void {
    if (lease?.metadata.resourceVersion === seen?.metadata.resourceVersion) return;
    seen = lease;
    seenAt = performance.now();
  }

  function freeInMs(): number {
    if (holder() === "" || holder() === identity) return 0;
    const claimedMs = (seen?.spec.leaseDurationSeconds ?? durationMs / 1000) * 1000;
    return Math.max(0, seenAt + claimedMs - performance.now());
  }

  async function read(signal: AbortSignal): Promise<void> {
    try {
      note(await client.get<LeaseObject>(ref, { signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      note(undefined);
    }
  }

  /** Writes the Lease over the version seen. Whether that was still the current one. */
  async function write(spec: LeaseObject["spec"], signal: AbortSignal): Promise<boolean> {
    const object = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...seen?.metadata, name }, spec };
    try {
      note(
        seen === undefined
          ? await client.create<LeaseObject>(leases, object, { signal })
          : await client.update<LeaseObject>(ref, object, { signal }),
      );
      return true;
    } catch (error) {
      if (isAlreadyExists(error) || isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  function heldSpec(): LeaseObject["spec"] {
    const now = microTime(Date.now());
    const held = holder() === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: held ? seen?.spec.acquireTime ?? now : now,
      renewTime: now,
      leaseTransitions: (seen?.spec.leaseTransitions ?? 0) + (held || seen === undefined ? 0 : 1),
    };
  }

  return {
    freeInMs,
    get holder() {
      return holder();
    },
    async hold(signal) {
      // A holder knows the version to replace; it reads only when somebody else has written.
      if (holder() === identity && await write(heldSpec(), signal)) return true;
      await read(signal);
      return freeInMs() === 0 && await write(heldSpec(), signal);
    },
    async release(signal) {
      if (holder() !== identity) return;
      await write(
        { ...seen?.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(Date.now()) },
        signal,
      );
    },
  };
}

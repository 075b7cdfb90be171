/**
 * Which UID a Pod is known by.
 *
 * Of a Pod that kubelet runs from a file the API has a copy only, the mirror Pod, with a UID of its own: whoever deletes
 * it, and every new registration of its node, makes kubelet write another copy while the containers run on. What stays is
 * the UID that kubelet has for the Pod and hands to the runtime, K8S_POD_UID in CNI_ARGS; the copy carries it in an
 * annotation that cannot be changed. Source: Kubernetes, "Static Pods"; pkg/kubelet/types, ConfigMirrorAnnotationKey.
 */

import { identityOf, type ObjectMeta } from "./kube_object.ts";

const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** The part of a Pod's metadata that says who it is. */
type PodMeta = Pick<ObjectMeta, "uid" | "annotations">;

/** The UID that kubelet, and so the runtime and all of DANM's records, know the Pod by; empty for a Pod that was not made. */
export function podUid({ uid = "", annotations }: PodMeta): string {
  return annotations?.[MIRROR_ANNOTATION] || uid;
}

/**
 * Every UID under which there may be records of the Pod: besides {@linkcode podUid} that of a mirror Pod itself, which
 * earlier versions wrote down.
 */
export function podUids(metadata: PodMeta): readonly string[] {
  const { uid = "" } = metadata;
  const known = podUid(metadata);
  return known === uid ? [uid] : [known, uid];
}

/**
 * Whether `uid` is one that kubelet made up for a Pod from a file, so that the API may be without a copy of a Pod that is
 * there. A file may also state one, of any form. Source: Kubernetes, pkg/kubelet/config, applyDefaults (MD5 in hexadecimal).
 */
export function isStaticPodUid(uid: string): boolean {
  return /^[0-9a-f]{32}$/.test(uid);
}

/** What `identityOf()` keeps, and what {@linkcode podUids} needs. */
export function podIdentityOf(metadata: ObjectMeta): ObjectMeta {
  const mirrored = metadata.annotations?.[MIRROR_ANNOTATION];
  const identity = identityOf(metadata);
  return mirrored ? { ...identity, annotations: { [MIRROR_ANNOTATION]: mirrored } } : identity;
}

/** Who holds an address: one interface of one container of one Pod. */

import { MAX_OWNER_LENGTH } from "../api/address_block.ts";
import type { PodName } from "../api/pod.ts";

/**
 * The same for every attempt to attach the same interface, so that a repeated ADD, DEL, GC or a reconciler recognises
 * its own addresses without any other record.
 */
export interface Owner {
  readonly podUid: string;
  /** CNI_CONTAINERID: the sandbox, so two generations of one Pod differ. */
  readonly containerId: string;
  /** Position of the interface in the Pod's annotation, from 0. */
  readonly interfaceIndex: number;
  /** {@linkcode hashKey} of what tells the attachments of one container apart; absent where it could have only one. */
  readonly attachment?: string;
}

/**
 * Writes an owner as it is stored in an AddressBlock: `<Pod UID>/<container ID>/<interface index>`, and after it
 * `.<attachment>` where there is one.
 *
 * @throws {TypeError} when a part is empty, has a slash, or all of it is longer than an AddressBlock can store
 */
export function formatOwner({ podUid, containerId, interfaceIndex, attachment }: Owner): string {
  const text = `${podUid}/${containerId}/${interfaceIndex}${attachment === undefined ? "" : `.${attachment}`}`;
  if (parseOwner(text) === undefined || text.length > MAX_OWNER_LENGTH) {
    throw new TypeError(
      `Cannot name the owner of an address: ${JSON.stringify(text)} must be <Pod UID>/<container ID>/<index> ` +
        `in at most ${MAX_OWNER_LENGTH} characters`,
    );
  }
  return text;
}

/** Reads what {@link formatOwner} wrote; undefined for anything else, e.g. the owner of a VLAN number. */
export function parseOwner(text: string): Owner | undefined {
  const match = /^([^/]+)\/([^/]+)\/(0|[1-9][0-9]{0,5})(?:\.([0-9a-f]{16}))?$/.exec(text);
  if (!match) return undefined;
  const [, podUid, containerId, index, attachment] = match;
  return {
    podUid: podUid!,
    containerId: containerId!,
    interfaceIndex: Number(index),
    ...(attachment !== undefined && { attachment }),
  };
}

/** An owner in words, for messages; with the name of its Pod where that is known. */
export function describeOwner(text: string, pod?: PodName): string {
  const owner = parseOwner(text);
  if (!owner) return text;
  const { podUid, containerId, interfaceIndex } = owner;
  const place = `container ${containerId}, interface ${interfaceIndex}`;
  return pod ? `Pod ${pod.namespace}/${pod.name} (UID ${podUid}, ${place})` : `Pod ${podUid} (${place})`;
}

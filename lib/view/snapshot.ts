import type { AddressBlock } from "../api/address_block.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import type { ObjectMeta } from "../api/kube_object.ts";
import type { Network } from "../api/network.ts";
import type { Service } from "../api/service.ts";

/** What was read of a cluster. A list that was not asked for is empty. */
export interface Snapshot {
  readonly networks: readonly Network[];
  readonly endpoints: readonly DanmEp[];
  readonly blocks: readonly AddressBlock[];
  readonly pods: readonly { readonly metadata: ObjectMeta }[];
  readonly services: readonly Service[];
  /** What was asked for, but the user's rights do not show, in a sentence each. */
  readonly hidden: readonly Hidden[];
}

/** A list, or its part outside one namespace, that the user may not read. */
export interface Hidden {
  readonly list: Exclude<keyof Snapshot, "hidden">;
  readonly text: string;
}

/** Whether a list was read, and all of it. */
export function isWhole({ hidden }: Snapshot, ...lists: readonly Hidden["list"][]): boolean {
  return !hidden.some(({ list }) => lists.includes(list));
}

/** What hides, for the notes of a report. */
export function hiddenNotes({ hidden }: Snapshot): string[] {
  return hidden.map(({ text }) => text);
}

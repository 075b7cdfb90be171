/** What a node writes down about one attachment, in the order things happen; enough to take all of it back. */

import type { AttachableRef } from "../api/attachable.ts";
import type { DelegateConfig } from "../attach/delegate_config.ts";
import type { Result } from "../cni/result.ts";
import type { Claim } from "../ipam/reservation.ts";
import type { NamedPort } from "../policy/policy_world.ts";
import type { InterfaceSetup } from "./interface_setup.ts";

/** One interface that is about to be made. */
export interface RecordedInterface {
  readonly index: number;
  readonly name: string;
  /** Backend in lower case. */
  readonly type: string;
  readonly network: AttachableRef;
  /** Name of its DanmEp. */
  readonly endpoint: string;
  /** Names of the others that it is made on or of: it goes before them. Entries of older versions have no such field. */
  readonly needs?: readonly string[];
  /** Present when its network asked for policies on what others make. */
  readonly asksForPolicies?: true;
}

/** Whom the attachment is of, and where. */
interface Place {
  readonly netns: string;
  /** Which namespace that path led to. */
  readonly netnsId: string;
  /** CNI_ARGS of the ADD: delegates get the same ever after. */
  readonly args: readonly (readonly [key: string, value: string])[];
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly host: string;
}

/** ADD began: nothing was made before, and no link had one of these names. */
export interface BeginEntry extends Place {
  readonly type: "begin";
  readonly interfaces: readonly RecordedInterface[];
  /** What the Pod calls its ports; entries of older versions have no such field. */
  readonly ports?: readonly NamedPort[];
}

/** The same once more: without it, what is left of a journal whose first entry is damaged could not be used. */
export interface PlaceEntry extends Place {
  readonly type: "place";
}

/** An address is about to be taken. */
export interface ClaimEntry {
  readonly type: "claim";
  readonly index: number;
  readonly claim: Claim;
}

/** Delegates are about to run. */
export interface DelegatesEntry {
  readonly type: "delegates";
  readonly index: number;
  /** Of the interface; absent in the first format. */
  readonly name?: string;
  readonly configs: readonly DelegateConfig[];
  /** The administrator wants no CHECK of them. */
  readonly disableCheck: boolean;
}

/** Delegates have returned. */
export interface DelegatedEntry {
  readonly type: "delegated";
  readonly index: number;
  readonly result: Result;
}

/** These links are made and are about to be set up like this; it is what CHECK compares with. */
export interface SetupsEntry {
  readonly type: "setups";
  readonly setups: readonly InterfaceSetup[];
}

/** Nothing is left of an interface: it is not to be taken back once more, which not every delegate takes well. */
export interface DetachedEntry {
  readonly type: "detached";
  readonly index: number;
}

/** ADD succeeded. Without this it was interrupted: something of it may still be going on. */
export interface CompleteEntry {
  readonly type: "complete";
}

/** One line of an attachment's journal. */
export type AttachmentEntry =
  | BeginEntry
  | PlaceEntry
  | ClaimEntry
  | DelegatesEntry
  | DelegatedEntry
  | SetupsEntry
  | CompleteEntry
  | DetachedEntry;

/** Whom a journal is of, and where, as long as one of the entries that say so can be read. */
export function placeOf(entries: readonly AttachmentEntry[]): BeginEntry | PlaceEntry | undefined {
  return entriesOf(entries, "begin").at(-1) ?? entriesOf(entries, "place").at(-1);
}

/**
 * The names of the interfaces that a journal tells of, by index. One whose first entry is damaged may lack some, and in the
 * first format those that only their delegates are known of.
 */
export function interfaceNames(entries: readonly AttachmentEntry[]): Map<number, string> {
  const names = new Map<number, string>();
  const [setups, ...others] = entriesOf(entries, "setups");
  // Where there is one entry for all interfaces, it has them in their order.
  if (others.length === 0) setups?.setups.forEach(({ name }, index) => names.set(index, name));
  for (const { index, name } of entriesOf(entries, "delegates")) if (name !== undefined) names.set(index, name);
  for (const { index, name } of entriesOf(entries, "begin").at(-1)?.interfaces ?? []) names.set(index, name);
  return names;
}

/** The entries of one type, in the order they were written. */
export function entriesOf<Type extends AttachmentEntry["type"]>(
  entries: readonly AttachmentEntry[],
  type: Type,
): Extract<AttachmentEntry, { type: Type }>[] {
  return entries.filter((entry): entry is Extract<AttachmentEntry, { type: Type }> => entry.type === type);
}

/** How each interface was left: one that others are made on is noted when they need it, and again in the end. */
export function lastSetups(entries: readonly AttachmentEntry[]): InterfaceSetup[] {
  const all = entriesOf(entries, "setups").flatMap(({ setups }) => setups);
  return [...new Map(all.map((setup) => [setup.name, setup])).values()];
}

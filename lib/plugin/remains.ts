/** What is to be taken back of one attachment, from all that still tells of it. */

import type { AttachableKind } from "../api/attachable.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import type { DelegateConfig } from "../attach/delegate_config.ts";
import type { Result } from "../cni/result.ts";
import { parseOwner } from "../ipam/owner.ts";
import type { Claim } from "../ipam/reservation.ts";
import type { Rule } from "../link/rule.ts";
import { type AttachmentEntry, entriesOf, interfaceNames, lastSetups } from "./attachment_entry.ts";
import { rulesOf } from "./interface_setup.ts";

/** What is left of one interface. */
export interface Remains {
  /** Its place in the Pod's annotation; undefined for a DanmEp that does not say. */
  readonly index: number | undefined;
  readonly name: string;
  /** Kind of what it was attached to, where that is known. */
  readonly kind?: AttachableKind;
  /** Backend in lower case. */
  readonly type: string;
  /** The delegates that the journal knows, with what they returned. */
  readonly delegates?: { readonly configs: readonly DelegateConfig[]; readonly result: Result | undefined };
  /** Names of others that it is made on or of, where the journal says. */
  readonly needs?: readonly string[];
  readonly claims: readonly Claim[];
  readonly rules: readonly Rule[];
  /** Name of its DanmEp, where the journal says. */
  readonly recordedAs?: string;
  /** Its DanmEp, where the cluster was asked. */
  readonly endpoint?: DanmEp;
}

/**
 * Every interface that the entries of a journal, of which some may be missing, or DanmEps of the same attachment tell of.
 *
 * @param ifName CNI_IFNAME, which is the first interface's name
 */
export function remainsOf(
  entries: readonly AttachmentEntry[],
  endpoints: readonly DanmEp[],
  ifName: string,
): Remains[] {
  const recorded = entriesOf(entries, "begin").at(-1)?.interfaces ?? [];
  const indexed = new Map<number, DanmEp>();
  const others: DanmEp[] = [];
  for (const endpoint of endpoints) {
    const index = recorded.find((one) => one.endpoint === endpoint.metadata.name)?.index ??
      parseOwner(endpoint.spec.EndpointID)?.interfaceIndex;
    if (index === undefined || indexed.has(index)) others.push(endpoint);
    else indexed.set(index, endpoint);
  }
  const indices = new Set([
    ...recorded.map(({ index }) => index),
    ...entriesOf(entries, "claim").map(({ index }) => index),
    ...entriesOf(entries, "delegates").map(({ index }) => index),
    ...indexed.keys(),
  ]);
  return [
    ...[...indices].sort((a, b) => a - b).map((index) => remainsAt(index, entries, indexed.get(index), ifName)),
    ...others.map((endpoint): Remains => ({ index: undefined, claims: [], rules: [], endpoint, ...namesOf(endpoint) })),
  ];
}

function remainsAt(
  index: number,
  entries: readonly AttachmentEntry[],
  endpoint: DanmEp | undefined,
  ifName: string,
): Remains {
  const recorded = entriesOf(entries, "begin").at(-1)?.interfaces.find((one) => one.index === index);
  const chain = entriesOf(entries, "delegates").find((entry) => entry.index === index);
  const result = entriesOf(entries, "delegated").find((entry) => entry.index === index)?.result;
  const setups = lastSetups(entries);
  const known = interfaceNames(entries).get(index) ?? endpoint?.spec.Interface.Name;
  const name = known ?? madeBy(result) ?? (index === 0 ? ifName : `eth${index}`);
  const kind = recorded?.network.kind ?? endpoint?.spec.apiType;
  return {
    index,
    name,
    ...(kind !== undefined && { kind }),
    type: recorded?.type ?? endpoint?.spec.NetworkType ?? chain?.configs[0]?.type ?? "",
    ...(chain && { delegates: { configs: chain.configs, result } }),
    claims: entriesOf(entries, "claim").filter((entry) => entry.index === index).map(({ claim }) => claim),
    rules: setups.filter((setup) => setup.name === name).flatMap(rulesOf),
    ...(recorded?.needs && { needs: recorded.needs }),
    ...(recorded && { recordedAs: recorded.endpoint }),
    ...(endpoint && { endpoint }),
  };
}

/** The interface in the container that delegates say they have made. */
function madeBy(result: Result | undefined): string | undefined {
  return result?.interfaces.find(({ sandbox }) => sandbox !== undefined && sandbox !== "")?.name;
}

function namesOf({ spec }: DanmEp): Required<Pick<Remains, "name" | "kind" | "type">> {
  return { name: spec.Interface.Name, kind: spec.apiType, type: spec.NetworkType };
}

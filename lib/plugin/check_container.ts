/** CHECK: whether a container still has what ADD made. */

import { CniError, errorCode } from "../cni/error.ts";
import { checkDelegates, type DelegateTarget } from "../delegate/delegate_chain.ts";
import type { Interface, Result } from "../cni/result.ts";
import { JournalError } from "../host/journal/attachment_journal.ts";
import { sameInterfaceAddress } from "../link/interface_address.ts";
import { type NamespaceState, readNamespace } from "../link/read_namespace.ts";
import { sameRoute } from "../link/route.ts";
import { sameRule } from "../link/rule.ts";
import { allDone } from "./all_done.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, entriesOf, lastSetups } from "./attachment_entry.ts";
import { addressesOf, type InterfaceSetup, routesOf, rulesOf } from "./interface_setup.ts";
import { messageOf } from "./to_cni_error.ts";

/** What CHECK found to differ from what ADD made, all of it. */
export class CheckError extends CniError {
  constructor(problems: readonly string[]) {
    super(errorCode.failed, "The container's network differs from what was made", problems.join("; "));
  }
}

/**
 * Compares the namespace with the journal, and lets delegates check what they made.
 *
 * @throws {CheckError} naming every difference
 * @throws {CniError} `unknownContainer` when this node has not attached the container
 * @throws {JournalError} when the journal has lost what there is to compare with
 */
export async function checkContainer({ target, journal }: Attachment, signal: AbortSignal): Promise<void> {
  const entries = journal.read();
  const isWhole = (["begin", "setups", "complete"] as const).every((type) => entriesOf(entries, type).length > 0);
  if (!isWhole && journal.damagedLines > 0) {
    throw new JournalError("compare with", journal.path, `${journal.damagedLines} of its lines cannot be read`);
  }
  if (!isWhole) {
    throw new CniError(errorCode.unknownContainer, `Container ${target.containerId} has not been attached`);
  }
  const setups = lastSetups(entries);
  const reading = readNamespace(target.netns, signal);
  const [state, complaints] = await allDone([reading, askDelegates(target, entries, setups, reading, signal)]);
  const problems = [...setups.flatMap((setup) => differences(setup, state)), ...complaints];
  if (problems.length > 0) throw new CheckError(problems);
}

/** What delegates complain about, in the order of the interfaces. */
async function askDelegates(
  target: DelegateTarget,
  entries: readonly AttachmentEntry[],
  setups: readonly InterfaceSetup[],
  state: Promise<NamespaceState>,
  signal: AbortSignal,
): Promise<string[]> {
  const begin = entriesOf(entries, "begin").at(-1);
  const interfaces = begin?.interfaces ?? [];
  const needed = new Set(interfaces.flatMap(({ needs = [] }) => needs));
  const complaints = await Promise.all(interfaces.map(async ({ index, name }) => {
    const chain = entriesOf(entries, "delegates").find((entry) => entry.index === index);
    const added = entriesOf(entries, "delegated").find((entry) => entry.index === index)?.result;
    if (!chain || chain.disableCheck) return [];
    const result = added && needed.has(name) ? asMember(added, name, await state) : added;
    const removed = setups.find((setup) => setup.name === name)?.removedRoutes ?? [];
    const kept = result && { ...result, routes: result.routes.filter(({ dst }) => !removed.includes(dst)) };
    const own = { ...target, ifName: name, args: new Map(begin?.args) };
    return await checkDelegates(chain.configs, own, kept, signal).then(() => [], (error) => [messageOf(error)]);
  }));
  return complaints.flat();
}

/** What delegates returned of an interface, with the address it has as a member of a bond. */
function asMember(result: Result, name: string, { links }: NamespaceState): Result {
  const { mac, ownMac } = links.find((link) => link.name === name) ?? {};
  if (mac === undefined || ownMac === undefined) return result;
  const isIt = (link: Interface) => link.name === name && link.mac?.toLowerCase() === ownMac;
  return { ...result, interfaces: result.interfaces.map((link) => isIt(link) ? { ...link, mac } : link) };
}

/** What of `setup` the namespace does not have; each a sentence. */
export function differences(setup: InterfaceSetup, state: NamespaceState): string[] {
  if (setup.mayBeAbsent) return []; // its plugins are asked
  const link = state.links.find(({ name }) => name === setup.name);
  if (!link) return [`interface ${setup.name} is missing`];
  const missing = <T>(what: string, wanted: readonly T[], has: (item: T) => boolean, texts: readonly string[]) =>
    wanted.flatMap((item, place) => has(item) ? [] : [`${what} ${texts[place]} of ${setup.name} is missing`]);
  return [
    ...(link.up ? [] : [`interface ${setup.name} is down`]),
    // A bond gives its members one address for all.
    ...(setup.mac === undefined || [link.mac, link.ownMac].includes(setup.mac.toLowerCase())
      ? []
      : [`hardware address of ${setup.name} is ${link.mac}, must be ${setup.mac}`]),
    ...missing(
      "address",
      addressesOf(setup),
      (wanted) => state.addresses.some((address) => sameInterfaceAddress(address, wanted)),
      setup.addresses,
    ),
    ...missing(
      "route",
      routesOf(setup),
      (wanted) => state.routes.some((route) => sameRoute(route, wanted)),
      setup.routes.map(({ dst, gw, table }) => `${dst} via ${gw}${table === undefined ? "" : ` table ${table}`}`),
    ),
    ...missing(
      "rule",
      rulesOf(setup),
      (wanted) => state.rules.some((rule) => sameRule(rule, wanted)),
      setup.rules.map(({ from, table }) => `from ${from} lookup ${table}`),
    ),
  ];
}

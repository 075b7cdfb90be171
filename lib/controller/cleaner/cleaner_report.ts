/** What the cleaner tells: log, metrics and Events. */

import { Counter, Gauge } from "prom-client";
import { apiVersionOf } from "../../api/resource.ts";
import type { NetworkRef } from "../../api/network.ts";
import type { Leftover, Unreadable } from "../../reconcile/stale_leftovers.ts";
import type { Daemon } from "../daemon.ts";

const KINDS = ["address", "endpoint", "block"] as const;

/** Addresses that an Event names; it has room for about as many. */
const NAMED = 20;

export interface CleanerReport {
  /** The outcome of one look; what cannot be read is logged once for each object. */
  found(leftovers: readonly Leftover[], unreadable: readonly Unreadable[]): void;
  /** What would have been removed; each is logged once. */
  wouldRemove(leftovers: readonly Leftover[]): void;
  removed(leftover: Leftover): void;
  /** Tells users, by one Event for each network, of all that was removed since the last call. */
  tellUsers(): void;
}

/** @param dryRun whether nothing is ever removed */
export function createReport({ log, events, registry, apiGroup }: Daemon, dryRun: boolean): CleanerReport {
  const meters = createCleanerMeters(registry, dryRun);
  let complained: ReadonlySet<string> = new Set();
  let announced: ReadonlySet<string> = new Set();
  let untold: Leftover[] = [];

  return {
    found(leftovers, unreadable) {
      for (const what of KINDS) meters.suspected.set({ what }, leftovers.filter((each) => each.what === what).length);
      meters.unreadable.set(unreadable.length);
      const byObject = Map.groupBy(unreadable, ({ object, name }) => `${object} ${name}`);
      for (const [name, of] of byObject) {
        if (complained.has(name)) continue;
        const example = of[0]?.text;
        log.write("warning", "cannot tell whose it is: left alone", { object: name, count: of.length, example });
      }
      complained = new Set(byObject.keys());
    },
    wouldRemove(leftovers) {
      for (const what of KINDS) meters.proven.set({ what }, leftovers.filter((each) => each.what === what).length);
      for (const leftover of leftovers) {
        if (!announced.has(keyOf(leftover))) log.write("info", `would remove ${leftover.what}`, fieldsOf(leftover));
      }
      announced = new Set(leftovers.map(keyOf));
    },
    removed(leftover) {
      meters.removed.inc({ what: leftover.what });
      log.write("info", `removed ${leftover.what}`, fieldsOf(leftover));
      if (leftover.what !== "block") untold.push(leftover); // a block's network is gone, with all who cared
    },
    tellUsers() {
      for (const of of Map.groupBy(untold, ({ network }) => network.uid).values()) {
        const { kind, name, namespace, uid } = of[0]!.network;
        const metadata = { name, uid, ...(namespace !== undefined && { namespace }) };
        events.record({ apiVersion: apiVersionOf(apiGroup), kind, metadata }, {
          type: "Normal",
          reason: "LeftoversRemoved",
          action: "Clean",
          note: noteOn(of),
        });
      }
      untold = [];
    },
  };
}

function createCleanerMeters(registry: Daemon["registry"], dryRun: boolean) {
  const common = { labelNames: ["what"] as const, registers: [registry] };
  const meters = {
    suspected: new Gauge({
      name: "danm_cleaner_suspected",
      help: "Things whose Pod or network was not there at the last look, for however short a time",
      ...common,
    }),
    proven: new Gauge({
      name: "danm_cleaner_would_remove",
      help: "Things that a dry run would have removed at the last look",
      ...common,
    }),
    removed: new Counter({ name: "danm_cleaner_removed_total", help: "Things that were removed", ...common }),
    unreadable: new Gauge({
      name: "danm_cleaner_unreadable",
      help: "Things left alone because nobody can tell whose they are",
      registers: [registry],
    }),
  };
  for (const what of KINDS) {
    if (dryRun) meters.proven.set({ what }, 0);
    else meters.removed.inc({ what }, 0);
  }
  return meters;
}

function keyOf(leftover: Leftover): string {
  return leftover.what === "address" ? `${leftover.block} ${leftover.offset} ${leftover.owner}` : leftover.uid;
}

function fieldsOf(leftover: Leftover): Record<string, string> {
  const network = networkText(leftover.network);
  switch (leftover.what) {
    case "address":
      return { network, address: leftover.address, owner: leftover.owner, why: `Pod ${leftover.holder} is gone` };
    case "endpoint": {
      const { namespace, name, pod, holder } = leftover;
      return { network, name: `${namespace}/${name}`, why: `Pod ${namespace}/${pod} (${holder}) is gone` };
    }
    case "block":
      return { network, name: leftover.name, why: `network ${leftover.holder} is gone` };
  }
}

function networkText({ kind, namespace, name }: NetworkRef): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function noteOn(removed: readonly Leftover[]): string {
  const addresses = removed.flatMap((leftover) => leftover.what === "address" ? [leftover.address] : []);
  const more = addresses.length > NAMED ? ` and ${addresses.length - NAMED} more` : "";
  const endpoints = removed.length - addresses.length;
  const pods = new Set(removed.map(({ holder }) => holder)).size;
  const parts = [
    ...(addresses.length > 0 ? [`released ${addresses.slice(0, NAMED).join(", ")}${more}`] : []),
    ...(endpoints > 0 ? [`deleted ${endpoints} DanmEp${endpoints === 1 ? "" : "s"}`] : []),
  ];
  return `${parts.join(" and ")} of ${pods === 1 ? "a Pod that is" : `${pods} Pods that are`} gone`;
}

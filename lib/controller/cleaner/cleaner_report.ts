/** What the cleaner tells: log, metrics and Events. */

import { Counter, Gauge } from "prom-client";
import { apiVersionOf } from "../../api/resource.ts";
import { ATTACHMENT_DEFINITIONS, DEFINITION_KIND } from "../../api/attachment_definition.ts";
import type { AttachableRef } from "../../api/attachable.ts";
import type { Orphan, Unreadable } from "../../reconcile/cluster_orphans.ts";
import type { Daemon } from "../daemon.ts";

const DEFINITIONS = `${ATTACHMENT_DEFINITIONS.group}/${ATTACHMENT_DEFINITIONS.version}`;

const KINDS = ["address", "endpoint", "block"] as const;

/** Addresses that an Event names; it has room for about as many. */
const NAMED = 20;

export interface CleanerReport {
  /** The outcome of one look; what cannot be read is logged once for each object. */
  found(orphans: readonly Orphan[], unreadable: readonly Unreadable[]): void;
  /** What would have been removed; each is logged once. */
  wouldRemove(orphans: readonly Orphan[]): void;
  removed(orphan: Orphan): void;
  /** Tells users, by one Event for each network, of all that was removed since the last call. */
  tellUsers(): void;
}

/** @param dryRun whether nothing is ever removed */
export function createReport({ log, events, registry, apiGroup }: Daemon, dryRun: boolean): CleanerReport {
  const meters = createCleanerMeters(registry, dryRun);
  let complained: ReadonlySet<string> = new Set();
  let announced: ReadonlySet<string> = new Set();
  let untold: Orphan[] = [];

  return {
    found(orphans, unreadable) {
      for (const what of KINDS) meters.suspected.set({ what }, orphans.filter((each) => each.what === what).length);
      meters.unreadable.set(unreadable.length);
      const byObject = Map.groupBy(unreadable, ({ object, name }) => `${object} ${name}`);
      for (const [name, of] of byObject) {
        if (complained.has(name)) continue;
        const example = of[0]?.text;
        log.write("warning", "cannot tell whose it is: left alone", { object: name, count: of.length, example });
      }
      complained = new Set(byObject.keys());
    },
    wouldRemove(orphans) {
      for (const what of KINDS) meters.proven.set({ what }, orphans.filter((each) => each.what === what).length);
      for (const orphan of orphans) {
        if (!announced.has(keyOf(orphan))) log.write("info", `would remove ${orphan.what}`, fieldsOf(orphan));
      }
      announced = new Set(orphans.map(keyOf));
    },
    removed(orphan) {
      meters.removed.inc({ what: orphan.what });
      log.write("info", `removed ${orphan.what}`, fieldsOf(orphan));
      if (orphan.what !== "block") untold.push(orphan); // a block's network is gone, with all who cared
    },
    tellUsers() {
      for (const of of Map.groupBy(untold, ({ network }) => network.uid).values()) {
        const { kind, name, namespace, uid } = of[0]!.network;
        const metadata = { name, uid, ...(namespace !== undefined && { namespace }) };
        events.record({ apiVersion: kind === DEFINITION_KIND ? DEFINITIONS : apiVersionOf(apiGroup), kind, metadata }, {
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

function keyOf(orphan: Orphan): string {
  return orphan.what === "address" ? `${orphan.block} ${orphan.offset} ${orphan.owner}` : orphan.uid;
}

function fieldsOf(orphan: Orphan): Record<string, string> {
  const network = networkText(orphan.network);
  switch (orphan.what) {
    case "address":
      return { network, address: orphan.address, owner: orphan.owner, why: `Pod ${orphan.holder} is gone` };
    case "endpoint": {
      const { namespace, name, pod, holder } = orphan;
      return { network, name: `${namespace}/${name}`, why: `Pod ${namespace}/${pod} (${holder}) is gone` };
    }
    case "block":
      return { network, name: orphan.name, why: `network ${orphan.holder} is gone` };
  }
}

function networkText({ kind, namespace, name }: AttachableRef): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function noteOn(removed: readonly Orphan[]): string {
  const addresses = removed.flatMap((orphan) => orphan.what === "address" ? [orphan.address] : []);
  const more = addresses.length > NAMED ? ` and ${addresses.length - NAMED} more` : "";
  const endpoints = removed.length - addresses.length;
  const pods = new Set(removed.map(({ holder }) => holder)).size;
  const parts = [
    ...(addresses.length > 0 ? [`released ${addresses.slice(0, NAMED).join(", ")}${more}`] : []),
    ...(endpoints > 0 ? [`deleted ${endpoints} DanmEp${endpoints === 1 ? "" : "s"}`] : []),
  ];
  return `${parts.join(" and ")} of ${pods === 1 ? "a Pod that is" : `${pods} Pods that are`} gone`;
}

/** `kubectl danm import-original`: takes over what the original system, written in Go, left in a cluster. */

import { type Network, NETWORK_KINDS, networkRef } from "../api/network.ts";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import { API_GROUPS, DEFAULT_API_GROUP, resourceFor } from "../api/resource.ts";
import { createBlockStore } from "../kube/blocks/block_store.ts";
import { isNotServed } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import { booleanFlag, choiceFlag, type Flag, type FlagValues, textFlag } from "../controller/flag.ts";
import { helpText } from "../controller/help_text.ts";
import { parseFlags, UsageError } from "../controller/parse_flags.ts";
import { openPersonalClient } from "./personal_client.ts";
import type { ImportContext } from "../controller/cleaner/original/import_context.ts";
import { importNetwork, type ImportOutcome, type NetworkName } from "../controller/cleaner/original/import_network.ts";
import { releaseUnrecorded } from "../controller/cleaner/original/release_unrecorded.ts";

const NAME = "kubectl danm import-original";

/** What the command does, in a line. */
export const IMPORT_SUMMARY =
  "moves addresses from the bitmaps of the original DANM to AddressBlocks, and takes its DanmEps over";

const FLAGS = {
  kubeconfig: textFlag("FILE", "how to reach the API server; without it as kubectl does", undefined),
  context: textFlag("NAME", "the context of it; without it the current one", undefined),
  apiGroup: choiceFlag(API_GROUPS, "API group of DANM's objects", DEFAULT_API_GROUP),
  network: networkFlag("only this network; without it all"),
  dryRun: booleanFlag("change nothing, but tell what would be done", false),
  releaseUnrecorded: booleanFlag("release addresses that no DanmEp names: the original lost track of them", false),
};

/** Addresses without a DanmEp that are named one by one. */
const NAMED = 100;

/** Where the report goes. */
export type Print = (line: string) => void;

/**
 * Runs the command. Resolves to its exit code: 0 when all is imported, 1 when a network failed, 2 when the command line
 * is wrong.
 */
export async function runImport(args: readonly string[], print: Print, complain: Print): Promise<number> {
  let flags: FlagValues<typeof FLAGS>;
  try {
    const parsed = parseFlags(FLAGS, args);
    if (parsed === "help" || parsed === "version") {
      print(parsed === "help" ? helpText(NAME, IMPORT_SUMMARY, FLAGS) : `kubectl-danm ${PRODUCT_VERSION}`);
      return 0;
    }
    flags = parsed;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(`${NAME}: ${error.message}. See ${NAME} --help`);
    return 2;
  }
  try {
    return await importAll(flags, print, complain);
  } catch (error) {
    complain(`${NAME}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function importAll(flags: FlagValues<typeof FLAGS>, print: Print, complain: Print): Promise<number> {
  const { kubeconfig, context: cluster, apiGroup: group, network, dryRun } = flags;
  using kube = openPersonalClient({ kubeconfig, context: cluster }).kube;
  const context = { kube, group, store: createBlockStore(kube, group), dryRun, signal: new AbortController().signal };
  const networks = await listNetworks(context, network);
  let failed = 0;
  for (const each of networks) {
    const { kind, metadata: { namespace, name } } = each;
    try {
      const outcome = await importNetwork(context, { kind, namespace, name });
      const unrecorded = flags.releaseUnrecorded ? await releaseUnrecorded(context, networkRef(each).uid) : [];
      for (const line of outcome ? linesOf(outcome, unrecorded, dryRun) : []) print(`${textOf(each)}: ${line}`);
    } catch (error) {
      failed++;
      complain(`${textOf(each)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  print(`${networks.length} networks looked at, ${failed} failed${dryRun ? "; nothing was changed" : ""}`);
  return failed === 0 ? 0 : 1;
}

/** @throws {Error} when the one that is asked for does not exist */
async function listNetworks(context: ImportContext, wanted: NetworkName | undefined): Promise<Network[]> {
  const { kube, group, signal } = context;
  const found: Network[] = [];
  for (const kind of wanted ? [wanted.kind] : NETWORK_KINDS) {
    const ref = {
      ...resourceFor(kind, group),
      ...(wanted?.namespace !== undefined && { namespace: wanted.namespace }),
    };
    const list = listAll<Network>(kube, ref, { metadataOnly: true, signal }).catch((error) => {
      if (isNotServed(error)) return [];
      throw error;
    });
    found.push(...(await list).map((item) => ({ ...item, kind }) as Network));
  }
  const networks = wanted ? found.filter(({ metadata }) => metadata.name === wanted.name) : found;
  if (wanted && networks.length === 0) throw new Error(`Cannot import ${formatName(wanted)}: there is no such network`);
  return networks;
}

function linesOf({ hadBitmaps, held, endpoints, troubles }: ImportOutcome, unrecorded: string[], dryRun: boolean) {
  const would = dryRun ? "would be " : "";
  const parts = [
    ...(held.pods > 0 ? [`${held.pods} addresses of Pods ${would}held`] : []),
    ...(held.unrecorded > 0 ? [`${held.unrecorded} that no DanmEp names ${would}held`] : []),
    ...(endpoints > 0 ? [`${endpoints} DanmEps ${would}taken over`] : []),
    ...(hadBitmaps ? [`bitmaps ${would}removed`] : []),
  ];
  const more = unrecorded.length > NAMED ? ` and ${unrecorded.length - NAMED} more` : "";
  return [
    ...(parts.length > 0 ? [parts.join(", ")] : []),
    ...troubles,
    ...(unrecorded.length > 0 ? [`${would}released: ${unrecorded.slice(0, NAMED).join(", ")}${more}`] : []),
  ];
}

function textOf({ kind, metadata: { namespace, name } }: Network): string {
  return formatName({ kind, namespace, name });
}

function formatName({ kind, namespace, name }: NetworkName): string {
  return [kind, ...(namespace ? [namespace] : []), name].join("/");
}

function networkFlag(help: string): Flag<NetworkName | undefined> {
  return {
    placeholder: "KIND/NAMESPACE/NAME",
    help,
    fallback: undefined,
    parse(text) {
      const [word, ...rest] = text.split("/");
      const kind = NETWORK_KINDS.find((each) => each === word);
      const [name = "", namespace] = rest.toReversed();
      const isWhole = kind !== undefined && rest.length === (kind === "ClusterNetwork" ? 1 : 2) && rest.every(Boolean);
      if (!isWhole) throw new Error(`must be ClusterNetwork/NAME, or DanmNet or TenantNetwork with /NAMESPACE/NAME`);
      return { kind, name, ...(namespace !== undefined && { namespace }) };
    },
  };
}

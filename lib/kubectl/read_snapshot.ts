import type { Network } from "../api/network.ts";
import { NETWORK_KINDS } from "../api/network.ts";
import { type ApiGroup, resourceFor } from "../api/resource.ts";
import type { KubeClient, ListAllOptions } from "../kube/client/client.ts";
import { isNotServed, KubeError } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import type { ResourceType } from "../kube/client/resource_path.ts";
import type { Hidden, Snapshot } from "../view/snapshot.ts";

/** Where to look, and by whose rights. */
export interface Reading {
  readonly kube: KubeClient;
  readonly group: ApiGroup;
  /** Only this namespace; all when undefined. */
  readonly namespace: string | undefined;
  /** The one to look into when the user may not look into all. */
  readonly ownNamespace: string;
  readonly signal: AbortSignal;
}

type ListName = Hidden["list"];

interface Wanted extends Pick<ListAllOptions, "metadataOnly" | "fieldSelector"> {
  readonly type: ResourceType & { readonly namespaced: boolean };
}

/** Pages this large bring 5,000 objects in three requests. */
const PAGE = 2000;

/**
 * Reads `lists` of a cluster, as far as the user's rights go; what they hide is said in the answer. A kind that is not
 * installed has no objects.
 *
 * @param selectors field selectors by list
 */
export async function readSnapshot(
  reading: Reading,
  lists: readonly ListName[],
  selectors: Partial<Record<ListName, string>> = {},
): Promise<Snapshot> {
  const hidden: Hidden[] = [];
  const read = async <T>(list: ListName, wanted: Wanted): Promise<T[]> => {
    if (!lists.includes(list)) return [];
    const fieldSelector = selectors[list];
    return await readList<T>(reading, list, { ...wanted, ...(fieldSelector && { fieldSelector }) }, hidden);
  };
  const { group } = reading;
  const core = (plural: string) => ({ group: "", version: "v1", plural, namespaced: true });
  const [networks, endpoints, blocks, pods, services] = await Promise.all([
    Promise.all(NETWORK_KINDS.map(async (kind) => {
      const items = await read<Network>("networks", { type: resourceFor(kind, group) });
      return items.map((item) => ({ ...item, kind }) as Network);
    })),
    read<Snapshot["endpoints"][number]>("endpoints", { type: resourceFor("DanmEp", group) }),
    read<Snapshot["blocks"][number]>("blocks", { type: resourceFor("AddressBlock", group) }),
    read<Snapshot["pods"][number]>("pods", { type: core("pods"), metadataOnly: true }),
    read<Snapshot["services"][number]>("services", { type: core("services") }),
  ]);
  return { networks: networks.flat(), endpoints, blocks, pods, services, hidden };
}

async function readList<T>(reading: Reading, list: ListName, wanted: Wanted, hidden: Hidden[]): Promise<T[]> {
  const { kube, namespace, ownNamespace, signal } = reading;
  const { type, ...options } = wanted;
  const inside = type.namespaced ? namespace : undefined;
  const readIn = (where: string | undefined) =>
    listAll<T>(kube, { ...type, ...(where !== undefined && { namespace: where }) }, { ...options, signal }, PAGE);
  const hide = (text: string) => void hidden.push({ list, text: `Your rights do not show ${type.plural}${text}` });
  try {
    return await readIn(inside);
  } catch (error) {
    if (isNotServed(error)) return [];
    if (!isForbidden(error)) throw error;
  }
  if (!type.namespaced || inside !== undefined) {
    hide(inside === undefined ? "" : ` in namespace ${inside}`);
    return [];
  }
  try {
    const own = await readIn(ownNamespace);
    hide(` outside namespace ${ownNamespace}`);
    return own;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    hide("");
    return [];
  }
}

/** Whether the user's rights do not go so far. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeError && error.status === 403;
}

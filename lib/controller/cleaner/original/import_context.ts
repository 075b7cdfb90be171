import type { ApiGroup } from "../../../api/resource.ts";
import type { BlockStore } from "../../../ipam/block_store.ts";
import type { KubeClient } from "../../../kube/client/client.ts";

/** What every step of an import works with. */
export interface ImportContext {
  readonly kube: KubeClient;
  readonly group: ApiGroup;
  /** The blocks of `group`. */
  readonly store: BlockStore;
  /** Change nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

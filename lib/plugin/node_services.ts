/** What the use cases of a node work with. */

import type { Log } from "../host/serving/log.ts";
import type { BlockStore } from "../ipam/block_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import type { DanmConfig } from "./danm_config.ts";

/** One node's way to the cluster, and its own settings. */
export interface NodeServices {
  readonly config: DanmConfig;
  readonly kube: KubeClient;
  readonly blocks: BlockStore;
  readonly log: Log;
}

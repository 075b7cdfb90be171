/** What the use cases of a node work with. */

import type { Log } from "../host/serving/log.ts";
import type { BlockStore } from "../ipam/block_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import type { RememberedObjects } from "./access/cluster_access.ts";
import type { DanmConfig } from "./danm_config.ts";

/** One node's way to the cluster, and its own settings. */
export interface NodeServices {
  readonly config: DanmConfig;
  readonly kube: KubeClient;
  readonly blocks: BlockStore;
  readonly log: Log;
  /** When the call came that all is for, by performance.now(); absent where there is none. */
  readonly calledAt?: number;
  /** What is known of the cluster without asking; absent where nothing is. */
  readonly remembered?: RememberedObjects;
  /** The mount namespace that delegates are run in, where that is not this process's own. */
  readonly mounts?: string;
  /**
   * Rejects when whoever made the call does not wait for it any more; absent where that cannot be. To be asked after an
   * attachment was locked and before anything is done to it: who was waited for in vain may have let another do it, and
   * that one waits for the lock, or has done it. And when all is done.
   */
  readonly confirm?: () => Promise<void>;
  /** Is given what delegates write to standard error, where that is not to be this process's own. */
  readonly complain?: (text: string) => void;
}

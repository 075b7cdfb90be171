/** How calls of danm get at the cluster. */

import type { ClientOptions } from "../../kube/client/transport.ts";
import type { Network, NetworkKind } from "../../api/network.ts";
import type { ApiGroup } from "../../api/resource.ts";
import type { Command } from "../../cni/environment.ts";
import { createClient, type KubeClient } from "../../kube/client/client.ts";
import { unusableClient } from "../../kube/client/unusable_client.ts";
import { loadKubeconfig } from "../../kube/config/load_kubeconfig.ts";
import type { DanmConfig } from "../danm_config.ts";
import type { Pod } from "../pod.ts";

/**
 * A write that is under way at the deadline is waited for, ten seconds, before anything is undone. What an API server does
 * even later is left to those who clean up after Pods.
 */
export const CLIENT_OPTIONS: ClientOptions = { settleMs: 10_000 };

/** The way of a process to the cluster: of one that ends with its call, or of one that serves many. */
export interface ClusterAccess {
  /**
   * A client with the rights of danm's configuration. To be disposed of after the call.
   *
   * @throws {Error} when the kubeconfig cannot be used
   */
  open(config: DanmConfig, command: Command): KubeClient;
  /** What this process knows without asking; absent where it knows nothing. */
  readonly remembered?: RememberedObjects;
}

/**
 * Objects as they were a moment ago. Good enough to plan an attachment by, which then looks whether they still are so;
 * one that is not known may well exist.
 */
export interface RememberedObjects {
  /** Of the networks. */
  readonly apiGroup: ApiGroup;
  pod(namespace: string, name: string): Pod | undefined;
  network(kind: NetworkKind, namespace: string, name: string): Network | undefined;
}

/**
 * A client of its own for each call. DEL may have nothing to ask the API server for, so that only what does need it fails
 * for want of it.
 */
export const ownAccess: ClusterAccess = {
  open({ kubeconfig }, command) {
    try {
      return createClient(loadKubeconfig(kubeconfig), CLIENT_OPTIONS);
    } catch (error) {
      if (command === "DEL") return unusableClient(kubeconfig, error);
      throw error;
    }
  },
};

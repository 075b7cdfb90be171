import { KubeConfig } from "@kubernetes/client-node";

/** What people give kubectl on the command line to say which cluster, and as whom. */
export interface PersonalChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Whom to act as. */
  readonly as?: string | undefined;
}

/**
 * The kubeconfig of the person who calls, found as kubectl finds it: the file given, those of KUBECONFIG, ~/.kube/config, or
 * the service account of a Pod.
 *
 * @throws {Error} when there is none, or it names no cluster
 */
export function personalConfig({ kubeconfig, context, as }: PersonalChoice): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
  else config.loadFromDefault();
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const names = config.getContexts().map(({ name }) => name).join(", ") || "(there are none)";
    throw new Error(
      `Cannot find a cluster: context is "${config.getCurrentContext() ?? ""}", must be one of: ${names}`,
    );
  }
  const user = config.getCurrentUser();
  if (as !== undefined && user !== null) {
    config.users = config.users.map((each) => each.name === user.name ? { ...each, impersonateUser: as } : each);
  }
  return config;
}

/** The namespace of the current context; `default` when it names none. */
export function personalNamespace(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace || "default";
}

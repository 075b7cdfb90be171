/** The node that DANM is installed on. Paths are absolute, and as programs of the node see them. */
export interface Node {
  /** Where this process sees the root of the node's files; `/` when it does not run in a container. */
  readonly root: string;
  /** Where the container runtime looks for plugins, `/opt/cni/bin`. */
  readonly pluginDir: string;
  /** Where it looks for configurations, `/etc/cni/net.d`. */
  readonly configDir: string;
  /** What is DANM's alone: programs, in a folder for each version, and what runs them. */
  readonly runtimeDir: string;
}

/** Where this process finds what the node calls `path`. */
export function seenFrom({ root }: Node, path: string): string {
  return root === "/" ? path : `${root}${path}`;
}

/** The kubeconfig of danm. Its name is none that a container runtime takes for a configuration. */
export function kubeconfigPath({ configDir }: Node): string {
  return `${configDir}/danm.kubeconfig`;
}

/** Where a version of the programs is. */
export function versionDir({ runtimeDir }: Node, version: string): string {
  return `${runtimeDir}/${version}`;
}

/** What makes installers on one node take turns. */
export function lockPath({ runtimeDir }: Node): string {
  return `${runtimeDir}/.lock`;
}

import { createDaemonClient } from "../../kube/client/daemon_client.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { loadKubeconfig } from "../../kube/config/load_kubeconfig.ts";
import { CLIENT_OPTIONS, type ClusterAccess, type RememberedObjects } from "./cluster_access.ts";

/** A client that many calls use, and what it was made of. */
interface SharedClient {
  readonly kube: KubeClient;
  /** The kubeconfig and the files that it names, as they were, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Clients that stay open: one for each kubeconfig, made anew when a file of it is another one than it was. So whoever serves
 * calls has the rights of the caller's configuration, as the caller itself would, and no more handshakes than that takes.
 */
export function createSharedAccess(remembered: RememberedObjects): ClusterAccess & Disposable {
  const clients = new Map<string, SharedClient>();

  function clientOf(kubeconfig: string): KubeClient {
    const known = clients.get(kubeconfig);
    if (known !== undefined && [...known.files].every(([path, state]) => stateOf(path) === state)) return known.kube;
    const made = makeClient(kubeconfig);
    known?.kube[Symbol.dispose](); // what still runs there goes on
    clients.set(kubeconfig, made);
    return made.kube;
  }

  return {
    remembered,
    open: ({ kubeconfig }) => lend(clientOf(kubeconfig)),
    [Symbol.dispose]() {
      for (const { kube } of clients.values()) kube[Symbol.dispose]();
    },
  };
}

/** @throws {KubeconfigError | Error} when one of the files cannot be read, that of the token included */
function makeClient(kubeconfig: string): SharedClient {
  const files = new Map<string, string>();
  const read = (path: string) => {
    files.set(path, stateOf(path));
    return Deno.readTextFileSync(path);
  };
  const load = () => {
    const config = loadKubeconfig(kubeconfig, read);
    // Read again by whoever sends it, as its contents change at any time; now it is only looked whether that can be done.
    if (config.bearer !== undefined && "tokenFile" in config.bearer) Deno.readTextFileSync(config.bearer.tokenFile);
    return config;
  };
  return { kube: createDaemonClient(load, CLIENT_OPTIONS), files };
}

/** Tells a file from what it was before; empty for one that is not there. */
function stateOf(path: string): string {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return [dev, ino, size, mtime?.getTime()].join();
  } catch {
    return "";
  }
}

/** The same client, which the borrower cannot close. */
function lend(kube: KubeClient): KubeClient {
  return {
    server: kube.server,
    get: kube.get,
    list: kube.list,
    create: kube.create,
    update: kube.update,
    patch: kube.patch,
    delete: kube.delete,
    watch: kube.watch,
    [Symbol.dispose]() {},
  };
}

/** kubelet's PodResources API, served to danm by a process of its own. */

import { fromFileUrl } from "@std/path/posix";
import { type PodResources, servePodResources } from "../../lib/host/devices/testdata/pod_resources_server.ts";

/** A server that answers until it is disposed of. */
export interface TestKubelet extends AsyncDisposable {
  readonly socketPath: string;
}

/**
 * Starts a server that knows `pods`.
 *
 * It is a process because the HTTP/2 library below it may abort when a client goes as abruptly as danm does, once it has
 * its answer; so start one for each call of danm.
 */
export async function startKubelet(folder: string, pods: readonly PodResources[]): Promise<TestKubelet> {
  const socketPath = `${await Deno.makeTempDir({ dir: folder })}/kubelet.sock`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", fromFileUrl(import.meta.url), socketPath, JSON.stringify(pods)],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const isReady = !(await reader.read()).done;
  await reader.cancel();
  const end = async () => {
    await child.stdin.close().catch(() => {}); // it has aborted
    await child.status;
  };
  if (isReady) return { socketPath, [Symbol.asyncDispose]: end };
  await end();
  throw new Error(`Cannot serve PodResources at ${socketPath}: the server ended`);
}

/** Serves until standard input ends, so never longer than the process that started it. */
async function serve(socketPath: string, pods: readonly PodResources[]): Promise<void> {
  using _server = await servePodResources(socketPath, {
    Get({ pod_name, pod_namespace }) {
      const pod = pods.find(({ name, namespace }) => name === pod_name && namespace === pod_namespace);
      return pod ? { pod_resources: pod } : { code: 2, details: "pod not found" };
    },
    List: () => ({ pod_resources: pods }),
  });
  console.log("ready");
  for await (const _chunk of Deno.stdin.readable);
}

if (import.meta.main) {
  const [socketPath, pods] = Deno.args as [string, string];
  await serve(socketPath, JSON.parse(pods));
  Deno.exit(0);
}

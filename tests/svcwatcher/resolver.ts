import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { startGuarded } from "../cluster/guarded_process.ts";
import { freePort } from "../webhook/webhook_process.ts";

/** CoreDNS as clusters have it, but without a cache. Disposing kills it. */
export interface Resolver extends AsyncDisposable {
  /**
   * What a client in the cluster gets for `name` (`web.ns`, `_http._tcp.web.ns`), sorted; a SRV record as `port target`.
   * None when there is no such name, or no such record.
   */
  resolve(name: string, type: "A" | "AAAA" | "SRV"): Promise<readonly string[]>;
}

/** Starts a resolver for the Services of `cluster`. Source: CoreDNS, plugin kubernetes. */
export async function startResolver(cluster: Cluster): Promise<Resolver> {
  const [port, readyPort] = [freePort(), freePort()];
  const corefile = `${cluster.folder}/Corefile`;
  await Deno.writeTextFile(
    corefile,
    `.:${port} {
  bind 127.0.0.1
  errors
  ready 127.0.0.1:${readyPort}
  kubernetes cluster.local {
    kubeconfig ${cluster.kubeconfig}
    ttl 0
  }
}
`,
  );
  const process = startGuarded([await findBinary("coredns"), `-conf=${corefile}`], `${cluster.folder}/coredns.log`);
  await eventually("start CoreDNS", async () => {
    const response = await fetch(`http://127.0.0.1:${readyPort}/ready`, { signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return response.ok || undefined;
  });
  const options = { nameServer: { ipAddr: "127.0.0.1", port } };
  return {
    async resolve(name, type) {
      const full = `${name}.svc.cluster.local.`;
      try {
        if (type !== "SRV") return (await Deno.resolveDns(full, type, options)).sort();
        return (await Deno.resolveDns(full, type, options)).map(({ port, target }) => `${port} ${target}`).sort();
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** How the original system took addresses: a bitmap in the network, which all writers read and write as a whole. */

import { type Network, networkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { isConflict } from "../../lib/kube/client/kube_error.ts";
import { parseSubnet } from "../../lib/net/subnet.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { freshNetwork, soon, type Work } from "./ipam_writers.ts";

const NETWORKS = { ...resourceFor("DanmNet", "danm.k8s.io"), namespace: "default" };

/** Takes addresses of a network `cidr`: read all, set a bit, write all, and again when it has changed meanwhile. */
export async function takeFromOneObject(cluster: Cluster, cidr: string): Promise<Work> {
  using admin = cluster.client();
  const network = freshNetwork(cidr);
  const bytes = 2 ** (32 - parseSubnet(cidr)!.prefix) / 8;
  const ref = { ...NETWORKS, name: network.metadata.name };
  await admin.create<Network>(NETWORKS, network, { signal: soon() });
  return async (client) => {
    for (;;) {
      const current = await client.get<Network>(ref, { signal: soon() });
      const bits = Uint8Array.fromBase64(networkOptions(current).alloc ?? new Uint8Array(bytes).toBase64());
      const byte = bits.findIndex((value) => value !== 0xff);
      bits[byte]! = (bits[byte]! << 1) | 1;
      const spec = { ...current.spec, Options: { ...current.spec.Options, alloc: bits.toBase64() } };
      try {
        return void await client.update(ref, { ...current, spec }, { signal: soon() });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };
}

import { startGuarded } from "../cluster/guarded_process.ts";
import { run } from "../run_program.ts";

/** A wire that each node has a link on. */
export interface NodeWire {
  /** The link's name on every node. */
  readonly link: string;
  /** The bridge of this host that the wire is. */
  readonly bridge: string;
  /** Address and prefix length of the node of this number, from 1. */
  nodeAddress(number: number): string;
}

/** What joins nodes to each other and to this host. It goes with this process. */
export interface NodeNetwork extends AsyncDisposable {
  /** This host's address on the first wire. */
  readonly address: string;
  /** `eth0`, for the cluster, and `eth1`, for networks of Pods. */
  readonly wires: readonly [NodeWire, NodeWire];
}

/** Meant for tests between networks, so that they hide no network of this host's. Source: RFC 2544, RFC 6890. */
const PREFIXES = ["198.18", "198.19"] as const;

/** Makes the wires, with subnets that no other link of this host has. */
export async function createNodeNetwork(): Promise<NodeNetwork> {
  const taken = await run("ip", "-brief", "-4", "address");
  const third = Array.from({ length: 256 }, (_, index) => (index + Deno.pid) % 256)
    .find((number) => !taken.includes(` ${PREFIXES[0]}.${number}.`));
  if (third === undefined) throw new Error(`Cannot make a network for nodes: ${PREFIXES[0]}.0.0/16 is used up`);

  await using cleanUp = new AsyncDisposableStack();
  const name = `nodes${Deno.pid}`;
  // A process that does nothing but go: what it leaves is removed even if this process is killed. The kernel keeps
  // links of a namespace for a minute after its last process, while connections time out: so those of nodes go first.
  const links = `for link in $(ls -r /sys/class/net | grep "^${name}"); do ip link delete "$link"; done`;
  cleanUp.use(startGuarded(["sleep", "infinity"], "/dev/null", "", links));
  const makeWire = async (index: 0 | 1): Promise<NodeWire> => {
    const bridge = `${name}.${index}`;
    await run("ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", "0"); // VXLANs find each other by multicast
    await run("ip", "link", "set", bridge, "up");
    const nodeAddress = (number: number) => `${PREFIXES[index]}.${third}.${10 + number}/24`;
    return { link: `eth${index}`, bridge, nodeAddress };
  };
  const wires = [await makeWire(0), await makeWire(1)] as const;
  const address = `${PREFIXES[0]}.${third}.1`;
  await run("ip", "address", "add", `${address}/24`, "dev", wires[0].bridge);
  const owned = cleanUp.move();
  return { address, wires, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

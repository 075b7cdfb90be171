import { startGuarded } from "../cluster/guarded_process.ts";
import { run } from "./run.ts";

/** The wire between this host and its nodes: a bridge of its own, which goes with this process. */
export interface NodeNetwork extends AsyncDisposable {
  /** Name of the bridge on this host. */
  readonly bridge: string;
  /** This host's address on it. */
  readonly address: string;
  /** Address and prefix length of the node of this number, from 1. */
  nodeAddress(number: number): string;
}

/** Meant for tests between networks, so that it hides no network of this host's. Source: RFC 2544, RFC 6890. */
const PREFIX = "198.18";

/** Makes a bridge with a subnet that no other link of this host has. */
export async function createNodeNetwork(): Promise<NodeNetwork> {
  const taken = await run("ip", "-brief", "-4", "address");
  const third = Array.from({ length: 256 }, (_, index) => (index + Deno.pid) % 256)
    .find((number) => !taken.includes(` ${PREFIX}.${number}.`));
  if (third === undefined) throw new Error(`Cannot make a network for nodes: ${PREFIX}.0.0/16 is used up`);
  const bridge = `nodes${Deno.pid}`;
  const address = `${PREFIX}.${third}.1`;

  await using cleanUp = new AsyncDisposableStack();
  // A process that does nothing but go: what it leaves is removed even if this process is killed. The kernel keeps
  // links of a namespace for a minute after its last process, while connections time out: so those of nodes go first.
  const links = `for link in /sys/class/net/${bridge}*; do ip link delete "\${link##*/}"; done`;
  cleanUp.use(startGuarded(["sleep", "infinity"], "/dev/null", "", links));
  await run("ip", "link", "add", bridge, "type", "bridge");
  await run("ip", "address", "add", `${address}/24`, "dev", bridge);
  await run("ip", "link", "set", bridge, "up");
  const owned = cleanUp.move();
  return {
    bridge,
    address,
    nodeAddress: (number) => `${PREFIX}.${third}.${10 + number}/24`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

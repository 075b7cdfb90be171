import { fromFileUrl } from "@std/path/posix";
import { eventually } from "../cluster/eventually.ts";
import { startGuarded } from "../cluster/guarded_process.ts";
import { cacheFolder } from "./cache_folder.ts";
import type { NodeMachine } from "./node_machine.ts";
import type { NodeNetwork, NodeWire } from "./node_network.ts";
import { run } from "../run_program.ts";

const SCRIPT = fromFileUrl(new URL("namespace_machine.sh", import.meta.url));
const NAMESPACES = ["--mount", "--net", "--pid", "--ipc", "--uts"];
const UNSHARE = ["unshare", ...NAMESPACES, "--fork", "--kill-child", "sh", SCRIPT];

/**
 * Starts a machine made of namespaces of this kernel: own links, mounts, processes and name. It reads this host's
 * files, and what it writes stays its own. It ends with this process, however that ends.
 *
 * @param number its number on the network, from 1
 */
export async function startNamespaceMachine(network: NodeNetwork, number: number): Promise<NodeMachine> {
  await using cleanUp = new AsyncDisposableStack();
  const top = await Deno.makeTempDir({ prefix: "danm-host-" });
  const id = top.slice(top.lastIndexOf("/") + 1);
  // A process that does nothing but go: what it leaves is removed even if this process is killed.
  cleanUp.use(startGuarded(["sleep", "infinity"], "/dev/null", top, removeCgroups(id)));
  const [folder, name] = [`${top}/shared`, `node-${number}`];
  await Promise.all(["shared", "disk", "memory"].map((part) => Deno.mkdir(`${top}/${part}`)));

  let power = new AsyncDisposableStack();
  let enter: string[] = [];
  const powerOff = async () => {
    await power.disposeAsync();
    for (const wire of network.wires) await unplug(wire, number);
    await Deno.remove(`${folder}/pid`);
  };
  const powerOn = async () => {
    power = new AsyncDisposableStack();
    const machine = power.use(startGuarded([...UNSHARE, top, name, id, cacheFolder()], `${folder}/machine.log`));
    const pid = await firstProcess(folder, machine.ended);
    enter = [`--target=${pid}`, ...NAMESPACES, "--"];
    for (const wire of network.wires) await plugIn(wire, number, pid, enter);
  };
  await powerOn();
  cleanUp.defer(powerOff);
  const owned = cleanUp.move();
  return {
    name,
    folder,
    cgroupRoot: `/${id}`,
    address: network.wires[0].nodeAddress(number),
    run: (...command) => run("nsenter", ...enter, ...command),
    powerOff,
    powerOn,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The command that opens a shell on a machine of namespaces, for people. */
export function shellCommand({ folder }: NodeMachine): string {
  return `nsenter --target $(cat ${folder}/pid) ${NAMESPACES.join(" ")}`;
}

/** Resolves to the process that all others of the machine end with. */
async function firstProcess(folder: string, ended: Promise<number>): Promise<string> {
  const failed = ended.then(async () => {
    throw new Error(`Cannot start a machine: ${await Deno.readTextFile(`${folder}/machine.log`)}`);
  });
  const pid = eventually("start a machine", async () => (await Deno.readTextFile(`${folder}/pid`)).trim() || undefined);
  return await Promise.race([pid, failed]);
}

/** Gives the machine its end of a wire, which goes with it. */
async function plugIn({ link, bridge, nodeAddress }: NodeWire, number: number, pid: string, enter: readonly string[]) {
  const port = `${bridge}-${number}`;
  await run("ip", "link", "add", port, "type", "veth", "peer", "name", link, "netns", pid);
  await run("ip", "link", "set", port, "master", bridge, "up");
  await run("nsenter", ...enter, "ip", "address", "add", nodeAddress(number), "dev", link);
  await run("nsenter", ...enter, "ip", "link", "set", link, "up");
}

/** The kernel does the same, at once or when the last connection has timed out. */
async function unplug({ bridge }: NodeWire, number: number): Promise<void> {
  const port = `${bridge}-${number}`;
  await run("sh", "-c", `ip link delete ${port} 2>/dev/null || [ ! -e /sys/class/net/${port} ]`);
}

/** Groups can be removed when their processes have ended, which takes a moment. */
function removeCgroups(name: string): string {
  const groups = `/sys/fs/cgroup/*/${name} /sys/fs/cgroup/${name}`;
  const remove = `find ${groups} -depth -type d -exec rmdir {} ';' 2>/dev/null`;
  return `tries=50; while ${remove}; ls -d ${groups} >/dev/null 2>&1 && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done`;
}

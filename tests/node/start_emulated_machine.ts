import { fromFileUrl } from "@std/path/posix";
import { startGuarded } from "../cluster/guarded_process.ts";
import type { NetworkCard } from "../kernel/guest_network.ts";
import { startVirtualMachine, type VirtualMachine } from "../kernel/virtual_machine.ts";
import type { NodeMachine } from "./node_machine.ts";
import type { NodeNetwork, NodeWire } from "./node_network.ts";
import { run } from "../run_program.ts";
import { writeDisk } from "./write_disk.ts";

const SCRIPT = fromFileUrl(new URL("emulated_machine.sh", import.meta.url));

/**
 * Starts a virtual machine that runs a real Debian kernel, with a disk. It reads this host's files, and ends with this
 * process, however that ends.
 *
 * @param number its number on the network, from 1
 * @param images archives of what its containerd is to have from the start
 */
export async function startEmulatedMachine(
  network: NodeNetwork,
  number: number,
  images: readonly string[],
): Promise<NodeMachine> {
  await using cleanUp = new AsyncDisposableStack();
  const top = await Deno.makeTempDir({ prefix: "danm-host-" });
  cleanUp.use(startGuarded(["sleep", "infinity"], "/dev/null", top));
  const [folder, disk, name] = [`${top}/shared`, `${top}/disk`, `node-${number}`];
  await Deno.mkdir(folder);
  await writeDisk(disk, images);

  const networks = await Promise.all(network.wires.map((wire, index) => makeCard(wire, index, number)));

  let machine: VirtualMachine | undefined;
  const runInside: NodeMachine["run"] = async (...command) => {
    if (machine === undefined) throw new Error(`Cannot run ${command.join(" ")} on ${name}: it is switched off`);
    const { code, stdout, stderr } = await machine.exec(command, { cwd: "/" });
    if (code !== 0) throw new Error(`Cannot run ${command.join(" ")} on ${name}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  };
  const powerOff = async () => {
    await machine?.powerOff();
    machine = undefined;
  };
  const powerOn = async () => {
    machine = await startVirtualMachine({ hostname: name, shares: [{ host: folder }], disk, networks });
    await runInside("sh", SCRIPT);
  };
  cleanUp.defer(powerOff);
  await powerOn();
  const owned = cleanUp.move();
  return {
    name,
    folder,
    cgroupRoot: "/",
    address: network.wires[0].nodeAddress(number),
    run: runInside,
    powerOff,
    powerOn,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A card at the end of a wire. */
async function makeCard(wire: NodeWire, index: number, number: number): Promise<NetworkCard> {
  const tap = `${wire.bridge}-${number}`;
  await run("ip", "tuntap", "add", tap, "mode", "tap");
  await run("ip", "link", "set", tap, "master", wire.bridge, "up");
  const mac = `52:54:00:00:${hex(index)}:${hex(number)}`;
  return { tap, mac, name: wire.link, addresses: [wire.nodeAddress(number)] };
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");

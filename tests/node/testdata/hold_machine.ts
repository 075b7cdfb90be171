/** Starts a machine with a process on it, tells its folder, and waits to be killed. */

import { createNodeNetwork } from "../node_network.ts";
import { startNamespaceMachine } from "../start_namespace_machine.ts";

const network = await createNodeNetwork();
const machine = await startNamespaceMachine(network, 1);
await machine.run("bash", "-c", `(exec -a ${machine.folder}-sleeper sleep 86400) >/dev/null 2>&1 &`);
console.log(JSON.stringify({ folder: machine.folder, cgroup: machine.cgroupRoot, bridge: network.wires[0].bridge }));
setInterval(() => {}, 60_000);

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { commandsWith } from "../cluster/commands_with.ts";
import { eventually } from "../cluster/eventually.ts";
import { createNodeNetwork } from "./node_network.ts";
import { run } from "../run_program.ts";
import { startNamespaceMachine } from "./start_namespace_machine.ts";

const HOLDER = fromFileUrl(new URL("testdata/hold_machine.ts", import.meta.url));

Deno.test("startNamespaceMachine() makes machines that reach each other, and keep their files to themselves", async () => {
  await using network = await createNodeNetwork();
  await using first = await startNamespaceMachine(network, 1);
  await using second = await startNamespaceMachine(network, 2);
  for (const { nodeAddress } of network.wires) {
    await first.run("ping", "-c", "1", "-W", "5", nodeAddress(2).replace(/\/.*/, ""));
  }
  assertEquals([await first.run("hostname"), await second.run("hostname")], ["node-1\n", "node-2\n"]);
  const file = `/etc/${crypto.randomUUID()}`;
  await first.run("touch", file, "/etc/cni/net.d/kept");
  await assertRejects(() => second.run("stat", file), Error, "No such file");
  await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
  assertMatch(await first.run("ps", "-e", "-o", "pid=,comm="), /^ +1 sh\n +\d+ sleep\n +\d+ ps\n$/);
});

Deno.test("startNamespaceMachine() keeps a disk while a machine is off", async () => {
  await using network = await createNodeNetwork();
  await using machine = await startNamespaceMachine(network, 1);
  await machine.run("touch", "/etc/cni/net.d/kept", "/etc/lost");
  await machine.powerOff();
  await assertRejects(() => machine.run("true"));
  await machine.powerOn();
  await machine.run("stat", "/etc/cni/net.d/kept");
  await assertRejects(() => machine.run("stat", "/etc/lost"), Error, "No such file");
  assertStringIncludes(await machine.run("ip", "-brief", "address", "show", "eth0"), machine.address);
});

Deno.test("startNamespaceMachine() leaves nothing when its process is killed", async () => {
  const holder = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", HOLDER], stdout: "piped" })
    .spawn();
  const reader = holder.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { folder, cgroup, bridge } = JSON.parse((await reader.read()).value ?? "");
  const left = async () => {
    const processes = await commandsWith(folder);
    const links = (await run("ls", "/sys/class/net")).split("\n").filter((link) => link.startsWith(bridge));
    const groups = (await run("sh", "-c", `ls -d /sys/fs/cgroup/*${cgroup} /sys/fs/cgroup${cgroup} || true`)).trim();
    const files = await Deno.stat(folder).then(() => [folder], () => []);
    return [...processes, ...links, ...files, ...(groups === "" ? [] : [groups])];
  };
  assertEquals((await left()).length > 3, true);
  holder.kill("SIGKILL");
  await Promise.all([holder.status, reader.cancel()]);
  await eventually("see nothing left", async () => {
    assertEquals(await left(), []);
    return true;
  });
});

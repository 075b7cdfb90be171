import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { MachineError } from "./machine_process.ts";
import { startVirtualMachine } from "./virtual_machine.ts";

Deno.test("startVirtualMachine() runs a Debian kernel on this host's files", async (t) => {
  const shared = await Deno.makeTempDir({ prefix: "danm-test,shared-" });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(`got ${await request.text()}`);
  });
  const { port } = server.addr;
  await using machine = await startVirtualMachine({
    env: { COLOUR: "it's green" },
    shares: [{ host: shared, guest: "/srv/shared folder" }],
    forward: [{ guestPort: port, hostPort: port }, { guestPort: 80, hostPort: port }],
  });
  const print = async (...command: string[]) => (await machine.exec(command)).stdout;
  const shell = (script: string) => print("sh", "-c", script);

  await t.step("exec() gives back output and exit code apart", async () => {
    const command = ["sh", "-c", "cat; echo bad >&2; exit 7"];
    assertEquals(await machine.exec(command, { stdin: "in\n" }), { code: 7, stdout: "in\n", stderr: "bad\n" });
  });

  await t.step("exec() passes arguments, environment and folder as they are", async () => {
    const odd = `a 'b' "c" $PATH \\ \n;`;
    assertEquals(await print("printf", "%s|", odd, ""), `${odd}||`);
    const { stdout } = await machine.exec(["sh", "-c", 'pwd; echo "$COLOUR $SIZE"'], {
      env: { SIZE: odd },
      cwd: "/usr",
    });
    assertEquals(stdout, `/usr\nit's green ${odd}\n`);
  });

  await t.step("exec() gives 127 for a program that does not exist, 137 for one that is killed", async () => {
    assertEquals((await machine.exec(["no-such-program"])).code, 127);
    assertEquals((await machine.exec(["sh", "-c", "kill -9 $$"])).code, 137);
  });

  await t.step("exec() hands on output while the command runs", async () => {
    const go = `${shared}/go`;
    const { promise: seen, resolve } = Promise.withResolvers<void>();
    const script = "echo first; until [ -e '/srv/shared folder/go' ]; do sleep 0.1; done; echo second";
    const ended = machine.exec(["sh", "-c", script], { onStdout: () => resolve() });
    await seen;
    await Deno.writeTextFile(go, "");
    assertEquals((await ended).stdout, "first\nsecond\n");
  });

  await t.step("exec() runs several commands at once", async () => {
    const numbers = Array.from({ length: 8 }, (_, index) => `${index}`);
    assertEquals(await Promise.all(numbers.map((number) => print("echo", number))), numbers.map((n) => `${n}\n`));
  });

  await t.step("exec() kills the command and what it started when its signal fires", async () => {
    const abort = new AbortController();
    const started = (chunk: Uint8Array) => chunk.length > 0 && abort.abort(new Error("enough"));
    const command = ["sh", "-c", "setsid sleep 4711 & echo started; wait"];
    await assertRejects(() => machine.exec(command, { signal: abort.signal, onStdout: started }), Error, "enough");
    assertEquals((await machine.exec(["pgrep", "-f", "^sleep 4711"])).stdout, "");
  });

  await t.step("the first process reaps orphans", async () => {
    await shell("(sleep 0.1 &)");
    await eventually("see no zombie", async () => !/^Z/m.test(await print("ps", "-eo", "stat")) || undefined);
  });

  await t.step("it has its own kernel, control groups, terminals and file system", async () => {
    assertMatch(await print("uname", "-r"), /-amd64\n$/);
    assertEquals(
      await print("stat", "-f", "-c", "%T", "/sys/fs/cgroup", "/run", "/dev/pts"),
      "cgroup2fs\ntmpfs\ndevpts\n",
    );
    await shell("echo changed >/etc/hostname; ip netns add own");
    assertEquals((await Deno.readTextFile("/etc/hostname")).includes("changed"), false);
  });

  await t.step("what it writes to a share is this host's", async () => {
    await shell("echo kept >'/srv/shared folder/file'");
    assertEquals(await Deno.readTextFile(`${shared}/file`), "kept\n");
  });

  await t.step("forward makes this host's server its own, also under another port", async () => {
    const ask = (port: number) => `console.log(await (await fetch("http://127.0.0.1:${port}", ${POST})).text())`;
    assertEquals(await print(Deno.execPath(), "eval", `${ask(port)}; ${ask(80)}`), "got a body\n".repeat(2));
  });

  await t.step("a panic makes what waits fail with the console's last words", async () => {
    const error = await assertRejects(() => machine.exec(["sh", "-c", "echo c >/proc/sysrq-trigger"]), MachineError);
    assertStringIncludes(error.message, "it ended by itself");
    assertStringIncludes(error.message, "Kernel panic - not syncing: sysrq triggered crash");
    await assertRejects(() => machine.exec(["true"]), MachineError, "Kernel panic");
  });
  await Deno.remove(shared, { recursive: true });
});

const POST = `{ method: "POST", body: "a body" }`;

Deno.test("startVirtualMachine() joins machines by taps of this host", async () => {
  await using cleanUp = new AsyncDisposableStack();
  const ip = (...args: string[]) => run("ip", ...args);
  const [bridge, ...taps] = ["b", "0", "1"].map((name) => `danm${name}${Deno.pid}`) as [string, string, string];
  await ip("link", "add", bridge, "type", "bridge");
  cleanUp.defer(() => ip("link", "delete", bridge));
  await ip("link", "set", bridge, "up");
  const starts = taps.map(async (tap, index) => {
    await ip("tuntap", "add", tap, "mode", "tap");
    cleanUp.defer(() => ip("link", "delete", tap));
    await ip("link", "set", tap, "master", bridge, "up");
    const card = { tap, mac: `52:54:00:00:99:0${index}`, name: "uplink", addresses: [`10.99.1.${index + 1}/24`] };
    return cleanUp.use(
      await startVirtualMachine({ hostname: tap, memory: "512M", cpus: 1, networks: [{ ...card, mtu: 1400 }] }),
    );
  });
  const [first, second] = await Promise.all(starts);
  assertEquals((await second!.exec(["uname", "-n"])).stdout, `${taps[1]}\n`);
  assertMatch((await first!.exec(["ip", "link", "show", "uplink"])).stdout, /mtu 1400 .*52:54:00:00:99:00/s);
  assertEquals((await first!.exec(["ping", "-c", "1", "-W", "20", "10.99.1.2"])).code, 0);

  const { promise: up, resolve: onStdout } = Promise.withResolvers<unknown>();
  const polite = ["sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"];
  const ended = second!.exec(polite, { onStdout });
  await up;
  await second!.stop();
  const { code, stdout } = await ended; // on stderr some shells tell what became of their sleep
  assertEquals([code, stdout], [3, "up\nbye\n"]);
  await assertRejects(() => second!.exec(["true"]), MachineError, "it was stopped");
  await first!.powerOff();
  await assertRejects(() => first!.exec(["true"]), MachineError, "it was powered off");
});

Deno.test("startVirtualMachine() leaves nothing behind when its owner is killed", async () => {
  const code = `
    import { startVirtualMachine } from "${import.meta.resolve("./virtual_machine.ts")}";
    await startVirtualMachine({ env: {}, memory: "300M" });
  `;
  const folder = await Deno.makeTempDir();
  const owner = new Deno.Command(Deno.execPath(), { args: ["eval", code], env: { TMPDIR: folder }, stdin: "null" })
    .spawn();
  await eventually("see QEMU", async () => await isRunning(folder) || undefined);
  owner.kill("SIGKILL");
  await owner.status;
  await eventually("see it gone", async () => !await isRunning(folder) || undefined);
  await eventually("see its folder gone", () => Deno.remove(folder).then(() => true));
});

Deno.test("startVirtualMachine() fails with what QEMU said when it does not start", async () => {
  await assertRejects(() => startVirtualMachine({ memory: "much" }), MachineError, "Parameter 'size' expects");
});

Deno.test("startVirtualMachine() ends the machine when its start is cancelled", async () => {
  const signal = AbortSignal.timeout(1000);
  await assertRejects(() => startVirtualMachine({ signal }), DOMException, "timeout");
});

/** Whether a QEMU runs whose command line names something in `folder`. Source: proc(5). */
async function isRunning(folder: string): Promise<boolean> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "")).split("\0");
    if (words[0]!.startsWith("qemu") && words.some((word) => word.includes(folder))) return true;
  }
  return false;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { ipBatch } from "./ip_batch.ts";
import type { IpCommand } from "./ip_command.ts";
import { IpError, type IpErrorReason } from "./ip_error.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";

const words = (text: string): IpCommand => text.split(" ");

Deno.test("ipBatch() runs commands of both families in order", async () => {
  await using namespace = await createNamespace();
  await ipBatch(
    [
      words("-6 rule add from fd00::1/128 lookup 7 priority 5"),
      words("rule add from 10.0.0.1/32 lookup 7 priority 5"),
      words("-6 rule del from fd00::1/128 lookup 7 priority 5"),
    ],
    namespace.path,
  );
  assertEquals((await namespace.ip("-4", "rule", "show", "priority", "5")).trim(), "5:\tfrom 10.0.0.1 lookup 7");
  assertEquals(await namespace.ip("-6", "rule", "show", "priority", "5"), "");
});

Deno.test("ipBatch() does nothing for no commands, even in a namespace that is gone", async () => {
  await ipBatch([], "/var/run/netns/none");
});

/** What the kernel of this machine and the installed ip say, in the order: what has to be there, what then fails. */
const FAILURES: readonly { before: string[]; fails: string; reason: IpErrorReason }[] = [
  { before: ["link add name a type bridge"], fails: "link add name a type bridge", reason: "exists" },
  { before: ["addr add 10.0.0.1/24 dev lo"], fails: "addr add 10.0.0.1/24 dev lo", reason: "exists" },
  { before: ["addr add fd00::1/64 dev lo"], fails: "addr add fd00::1/64 dev lo", reason: "exists" },
  { before: ["route add 10.1.0.0/16 dev lo"], fails: "route add 10.1.0.0/16 dev lo", reason: "exists" },
  { before: ["route add fd01::/64 dev lo"], fails: "route add fd01::/64 dev lo", reason: "exists" },
  {
    before: ["rule add from 10.0.0.1/32 lookup 7 priority 5"],
    fails: "rule add from 10.0.0.1/32 lookup 7 priority 5",
    reason: "exists",
  },
  { before: [], fails: "link set dev none up", reason: "missing" },
  { before: [], fails: "link del dev none", reason: "missing" },
  { before: [], fails: "link show dev none", reason: "missing" },
  { before: [], fails: "link add link none name a type macvlan mode bridge", reason: "missing" },
  { before: [], fails: "addr add 10.0.0.1/24 dev none", reason: "missing" },
  { before: [], fails: "addr del 10.0.0.1/24 dev lo", reason: "missing" },
  { before: [], fails: "addr del fd00::1/64 dev lo", reason: "missing" },
  { before: [], fails: "route del 10.1.0.0/16 dev lo", reason: "missing" },
  { before: [], fails: "route del fd01::/64 dev lo", reason: "missing" },
  { before: [], fails: "route del default table 7", reason: "missing" },
  { before: [], fails: "rule del from 10.0.0.1/32 lookup 7 priority 5", reason: "missing" },
  { before: [], fails: "-6 rule del from fd00::1/128 lookup 7 priority 5", reason: "missing" },
  { before: [], fails: "link add name a type none", reason: "unsupported" },
  {
    before: ["link add name a type bridge", "link add name b type bridge"],
    fails: "link set dev a master b",
    reason: "other",
  },
];

for (const { before, fails, reason } of FAILURES) {
  Deno.test(`ipBatch() says ${reason} when ${fails} fails${before.length ? " the second time" : ""}`, async () => {
    await using namespace = await createNamespace();
    const commands = [...before, fails, "link set dev lo mtu 1400"].map(words);
    const error = await assertRejects(() => ipBatch(commands, namespace.path), IpError);
    assertEquals([error.command, error.index, error.reason], [words(fails), before.length, reason]);
    assertEquals((await namespace.ip("link", "show", "lo")).includes("mtu 1400"), false, "it went on");
  });
}

Deno.test("ipBatch() does not leave the namespace for a link whose name exists outside", async () => {
  await using host = await createNamespace();
  await using pod = await createNamespace();
  await ipBatch([words("link add name eth0 type bridge")], host.path);
  await ipBatch([words(`link add name up0 type veth peer name eth0 netns ${pod.path}`)], host.path);
  assertEquals((await pod.ip("-brief", "link", "show", "eth0")).startsWith("eth0@"), true);
});

Deno.test("ipBatch() enters a namespace by the path of a process", async () => {
  await using namespace = await createNamespace();
  await using process = await namespace.spawn("sleep", "infinity");
  await ipBatch([words("link add name a type bridge")], `/proc/${process.pid}/ns/net`);
  assertEquals((await namespace.ip("link", "show", "a")).includes("a:"), true);
});

Deno.test("ipBatch() tells a namespace that is gone from everything else", async () => {
  const file = await Deno.makeTempFile();
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  const command = words("link set dev lo up");
  try {
    // A plain file is what stays when a namespace was unmounted, but not removed, by name.
    for (const path of ["/var/run/netns/none", "/var/run/none/none", file, `/proc/${gone.pid}/ns/net`]) {
      const error = await assertRejects(() => ipBatch([command], path), NamespaceMissingError);
      assertEquals(error.path, path);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("ipBatch() tells that the namespace a link is made for is gone", async () => {
  await using host = await createNamespace();
  const file = await Deno.makeTempFile();
  try {
    for (const path of ["/var/run/netns/none", "/proc/0/ns/net", file]) {
      const command = words(`link add name a type veth peer name b netns ${path}`);
      const error = await assertRejects(() => ipBatch([command], host.path), NamespaceMissingError);
      assertEquals(error.path, path);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("ipBatch() refuses a path that nsenter would take for something else", async () => {
  for (const path of ["", "name", "1"]) {
    await assertRejects(() => ipBatch([words("link show")], path), TypeError, "must be an absolute path");
  }
});

Deno.test("ipBatch() rejects with the reason of a signal and does nothing when it has fired", async () => {
  await using namespace = await createNamespace();
  const reason = new Error("too late");
  const run = () => ipBatch([words("link add name a type bridge")], namespace.path, AbortSignal.abort(reason));
  assertEquals(await assertRejects(run), reason);
  assertEquals((await namespace.ip("link", "show")).includes("a:"), false);
});

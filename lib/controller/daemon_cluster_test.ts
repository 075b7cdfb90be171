import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import { copycatCommand, spawnCopycat } from "../../tests/daemon/spawn_copycat.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

const startCopycat = (...args: readonly string[]) => spawnCopycat([`--kubeconfig=${cluster.kubeconfig}`, ...args]);

Deno.test("runDaemon() works, answers probes and ends cleanly when asked to", async () => {
  using admin = cluster.client();
  const maps = { ...CONFIG_MAPS, namespace: await cluster.createNamespace() };
  await using copycat = startCopycat();
  await eventually("be ready", async () => (await copycat.get("/readyz")).status === 200 || undefined);
  await admin.create(maps, { metadata: { name: "a", labels: { copy: "me" } }, data: { value: "1" } }, soon());
  await eventually("see the copy", async () => {
    const { data } = await admin.get<{ data: Record<string, string> }>({ ...maps, name: "a" }, soon());
    return data["copy"] === "1" || undefined;
  });
  // Who wrote what is told by the user agent.
  const { metadata } = await admin.get<{ metadata: { managedFields: { manager: string }[] } }>(
    { ...maps, name: "a" },
    soon(),
  );
  assert(metadata.managedFields.some(({ manager }) => manager === "danm-copycat"));
  assertEquals(await copycat.get("/healthz"), { status: 200, text: "ok\n" });
  assertEquals((await copycat.get("/other")).status, 404);
  const events = { group: "events.k8s.io", version: "v1", plural: "events", namespace: maps.namespace };
  await eventually("see the Event", async () => (await admin.list<unknown>(events, soon())).items[0]);
  const { text } = await copycat.get("/metrics");
  assertMatch(text, /^danm_watched_objects\{resource="configmaps"\} [1-9]/m);
  assertMatch(text, /^danm_reconcile_seconds_count\{controller="copies",result="done"\} [1-9]/m);
  assertMatch(text, /^danm_build_info\{version="\d/m);
  copycat.kill("SIGTERM");
  assertEquals((await copycat.status).code, 0);
  assertEquals(copycat.log.map(({ message }) => message), ["started", "watching", "stopping", "stopped"]);
});

Deno.test("runDaemon() says that it stops while work goes on, and ends at once when asked again", async () => {
  await using copycat = startCopycat("--misbehaviour=hang");
  await copycat.says("started");
  copycat.kill("SIGINT");
  await copycat.says("stopping");
  assertEquals(await copycat.get("/readyz"), { status: 503, text: "process: it is stopping\n" });
  copycat.kill("SIGINT");
  assertEquals((await copycat.status).code, 1);
});

for (const misbehaviour of ["reject", "throw", "fail", "end"]) {
  Deno.test(`runDaemon() ends with a line in the log when the work goes wrong (${misbehaviour})`, async () => {
    await using copycat = startCopycat(`--misbehaviour=${misbehaviour}`);
    assertEquals((await copycat.status).code, 1);
    const { message, reason } = await eventually("read why", () => copycat.log.find(({ level }) => level === "error"));
    assertMatch(String(message), /^stopping: /);
    assertMatch(String(reason), /nobody caught this|the work failed|the work ended by itself/);
  });
}

Deno.test("runDaemon() ends with 1 when it cannot listen or has no way to the API server", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (const flag of [`--metrics-address=127.0.0.1:${port}`, "--kubeconfig=/nowhere"]) {
    await using copycat = startCopycat(flag);
    assertEquals((await copycat.status).code, 1);
    const { reason } = await copycat.says("stopping: it cannot go on");
    assertMatch(String(reason), /Address already in use|Cannot read kubeconfig \/nowhere/);
  }
});

Deno.test("runDaemon() takes what has no file name for a Pod without a service account", async () => {
  const { code, stderr } = await copycatCommand([]).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /KUBERNETES_SERVICE_HOST/);
});

Deno.test("runDaemon() explains itself and refuses what it does not know", async () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await copycatCommand(args).output();
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  };
  const help = await run("--help");
  assertEquals(help.code, 0);
  for (const flag of ["--kubeconfig FILE", "--metrics-address HOST:PORT", "--misbehaviour none|"]) {
    assert(help.stdout.includes(flag), flag);
  }
  assertEquals(await run("--version"), { code: 0, stdout: `copycat ${PRODUCT_VERSION}\n`, stderr: "" });
  const refusal = "copycat: Cannot use --cubeconfig: there is no such flag. See copycat --help\n";
  assertEquals(await run("--cubeconfig=x"), { code: 2, stdout: "", stderr: refusal });
});

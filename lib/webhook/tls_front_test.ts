import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { createAuthority, type KeyPair } from "../../tests/cluster/pki.ts";
import { ListenError, openTlsFront, type TlsFront } from "./tls_front.ts";

const authority = await createAuthority();
const pairs: KeyPair[] = [];
for (const name of ["first.test", "second.test"]) pairs.push(await authority.issueServer(["127.0.0.1", name]));
const [first, second] = pairs as [KeyPair, KeyPair];

const echo = async (request: Request) => new Response(await request.text());
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

async function ask(front: TlsFront, client: Deno.HttpClient, body = "x"): Promise<string> {
  const url = `https://127.0.0.1:${front.address.port}/`;
  return await (await fetch(url, { method: "POST", body, client, signal: AbortSignal.timeout(10_000) })).text();
}

/** Whether a new connection gets a certificate for `name`. */
async function presents(front: TlsFront, name: string): Promise<boolean> {
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: front.address.port });
  try {
    using tls = await Deno.startTls(plain, { hostname: name, caCerts: [authority.certPem] });
    await tls.handshake();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return false;
    throw error;
  }
}

Deno.test("openTlsFront() exchanges its certificate without losing a request", async () => {
  await using front = await openTlsFront(ANYWHERE, first, echo);
  assert(await presents(front, "first.test"));
  const stop = new AbortController();
  let answers = 0;
  const asking = Array.from({ length: 4 }, async (_, index) => {
    using kept = Deno.createHttpClient({ caCerts: [authority.certPem] });
    while (!stop.signal.aborted) {
      using fresh = Deno.createHttpClient({ caCerts: [authority.certPem], poolMaxIdlePerHost: 0 });
      const body = `${answers}`.padEnd(30_000);
      assert(await ask(front, index % 2 === 0 ? kept : fresh, body) === body);
      answers++;
    }
  });
  for (const pair of [second, first, second, first, second]) {
    const before = answers;
    front.use(pair);
    await eventually("see requests go on", () => answers > before + 20 || undefined);
  }
  stop.abort();
  await Promise.all(asking);
  assert(await presents(front, "second.test"));
  assert(!await presents(front, "first.test"));
});

Deno.test("openTlsFront() keeps the certificate it has when another one is useless", async () => {
  await using front = await openTlsFront(ANYWHERE, first, echo);
  assertThrows(() => front.use({ certPem: first.certPem, keyPem: "nonsense" }));
  assert(await presents(front, "first.test"));
});

Deno.test("openTlsFront() serves clients that would rather speak HTTP/2", async () => {
  await using front = await openTlsFront(ANYWHERE, first, echo);
  const plain = await Deno.connect({ hostname: "127.0.0.1", port: front.address.port });
  const options = { hostname: "127.0.0.1", caCerts: [authority.certPem], alpnProtocols: ["h2", "http/1.1"] };
  using tls = await Deno.startTls(plain, options);
  assertEquals((await tls.handshake()).alpnProtocol, "http/1.1");
  using client = Deno.createHttpClient({ caCerts: [authority.certPem] });
  assertEquals(await ask(front, client, "x".repeat(3_000_000)), "x".repeat(3_000_000));
});

Deno.test("openTlsFront() ends the connection of who sends what nobody reads, and takes no body without a length", async () => {
  const unread = () => new Response("no", { status: 413 });
  await using front = await openTlsFront(ANYWHERE, first, unread);
  for (const [head, status] of [["content-length: 5000000000", "413"], ["transfer-encoding: chunked", "411"]]) {
    const plain = await Deno.connect({ hostname: "127.0.0.1", port: front.address.port });
    using tls = await Deno.startTls(plain, { hostname: "127.0.0.1", caCerts: [authority.certPem] });
    await tls.write(new TextEncoder().encode(`POST / HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n`));
    const buffer = new Uint8Array(1024);
    const answer = new TextDecoder().decode(buffer.subarray(0, await tls.read(buffer) ?? 0));
    assert(answer.startsWith(`HTTP/1.1 ${status} `), answer);
    const chunk = new TextEncoder().encode(`10000\r\n${"x".repeat(65_536)}\r\n`); // in chunks or not, all of it is body
    let sent = 0;
    while (sent < 32 && await tls.write(chunk).then(() => true, () => false)) sent++;
    assert(sent < 32, "it takes whatever comes");
  }
});

Deno.test("openTlsFront() fails where somebody else listens, and where certificate and key are no pair", async () => {
  await using front = await openTlsFront(ANYWHERE, first, echo);
  await assertRejects(() => openTlsFront(front.address, first, echo), ListenError);
  const mixed = { certPem: first.certPem, keyPem: second.keyPem };
  await assertRejects(() => openTlsFront(ANYWHERE, mixed, echo), Error, "another one's");
  assertThrows(() => front.use(mixed));
  assert(await presents(front, "first.test"));
});

Deno.test("openTlsFront() closes connections that do not get through the handshake, and later those that ask nothing", async () => {
  const connect = (front: TlsFront) => Deno.connect({ hostname: "127.0.0.1", port: front.address.port });
  const secure = async (front: TlsFront) => {
    const tls = await Deno.startTls(await connect(front), { hostname: "127.0.0.1", caCerts: [authority.certPem] });
    await tls.handshake();
    return tls;
  };
  const isClosed = async (connection: Deno.Conn) => await connection.read(new Uint8Array(1)).catch(() => null) === null;
  await using strict = await openTlsFront(ANYWHERE, first, echo, { handshakeMs: 100 });
  using idle = await secure(strict);
  using silent = await connect(strict);
  assert(await isClosed(silent));
  await idle.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  assert(!await isClosed(idle));
  await using impatient = await openTlsFront(ANYWHERE, first, echo, { idleMs: 100 });
  using forgotten = await secure(impatient);
  assert(await isClosed(forgotten));
});

Deno.test("openTlsFront() serves whoever comes last, however many connections others hold open", async () => {
  const release = Promise.withResolvers<void>();
  const handler = async (request: Request) => {
    if (new URL(request.url).pathname === "/slow") await release.promise;
    return await echo(request);
  };
  await using front = await openTlsFront(ANYWHERE, first, handler, { maxConnections: 8 });
  const { port } = front.address;
  const url = `https://127.0.0.1:${port}`;
  using busy = Deno.createHttpClient({ caCerts: [authority.certPem] });
  const slow = fetch(`${url}/slow`, { client: busy, method: "POST", body: "slow" }).then((answer) => answer.text());
  using kept = Deno.createHttpClient({ caCerts: [authority.certPem] });
  assertEquals(await ask(front, kept), "x");
  const flood: Deno.Conn[] = [];
  for (let wave = 0; wave < 5; wave++) {
    flood.push(...await Promise.all(Array.from({ length: 8 }, () => Deno.connect({ hostname: "127.0.0.1", port }))));
    using fresh = Deno.createHttpClient({ caCerts: [authority.certPem] });
    assertEquals(await ask(front, fresh), "x");
    assertEquals(await ask(front, kept), "x");
  }
  release.resolve();
  assertEquals(await slow, "slow");
  for (const connection of flood) connection.close();
});

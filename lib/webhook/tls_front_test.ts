import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { createAuthority, type KeyPair } from "../../tests/cluster/pki.ts";
import { openTlsFront, type TlsFront } from "./tls_front.ts";

const authority = await createAuthority();
const pairs: KeyPair[] = [];
for (const name of ["first.test", "second.test"]) pairs.push(await authority.issueServer(["127.0.0.1", name]));
const [first, second] = pairs as [KeyPair, KeyPair];

const echo = async (request: Request) => new Response(await request.text());

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
  await using front = openTlsFront({ hostname: "127.0.0.1", port: 0 }, echo);
  front.use(first);
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
  await using front = openTlsFront({ hostname: "127.0.0.1", port: 0 }, echo);
  front.use(first);
  assertThrows(() => front.use({ certPem: first.certPem, keyPem: "nonsense" }));
  assert(await presents(front, "first.test"));
});

Deno.test("openTlsFront() closes connections that say nothing, and those beyond its limit", async () => {
  const limits = { maxConnections: 2, handshakeMs: 300, idleMs: 600 };
  await using front = openTlsFront({ hostname: "127.0.0.1", port: 0 }, echo, limits);
  front.use(first);
  const { port } = front.address;
  const silent = await Promise.all([1, 2].map(() => Deno.connect({ hostname: "127.0.0.1", port })));
  using client = Deno.createHttpClient({ caCerts: [authority.certPem] });
  await assertRejects(() => ask(front, client));
  for (const connection of silent) {
    assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
    connection.close();
  }
  assertEquals(await eventually("get through again", () => ask(front, client)), "x");
});

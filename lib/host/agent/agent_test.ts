import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path/posix";
import type { Answer } from "../../cni/dispatch.ts";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { AGENT_VERSION, sendLine } from "./agent_protocol.ts";
import { callAgent } from "./call_agent.ts";
import { type FileIdentities, identifyFiles } from "./file_identity.ts";
import { type AgentWork, serveAgent } from "./serve_agent.ts";

const CALL = { env: { CNI_COMMAND: "ADD", CNI_IFNAME: undefined }, stdin: '{"name":"ä\\n"}' };
const DONE: Answer = { stdout: '{"ips":[]}', exitCode: 0 };
const PATIENCE_MS = 60_000;

async function socketIn(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return `${folder}/agent.sock`;
}

const call = (path: string, silenceMs = PATIENCE_MS) => callAgent(path, CALL, {}, silenceMs, () => {});

Deno.test("callAgent() hands over a call and gets its answer and the complaints", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  let seen: unknown;
  stack.use(
    await serveAgent(path, (call, { complain }) => {
      seen = call;
      complain("plugin: no such link");
      return Promise.resolve(DONE);
    }),
  );
  const complaints: string[] = [];
  assertEquals(await callAgent(path, CALL, {}, PATIENCE_MS, (text) => complaints.push(text)), { answer: DONE });
  assertEquals(seen, {
    version: AGENT_VERSION,
    env: { CNI_COMMAND: "ADD" },
    stdin: CALL.stdin,
    silenceMs: PATIENCE_MS,
    files: {},
  });
  assertEquals(complaints, ["plugin: no such link"]);
});

Deno.test("callAgent() passes calls and answers of any length", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, ({ stdin }) => Promise.resolve({ stdout: stdin, exitCode: 1 })));
  const stdin = "ä".repeat(1_000_000);
  assertEquals(await callAgent(path, { env: {}, stdin }, {}, PATIENCE_MS, () => {}), {
    answer: { stdout: stdin, exitCode: 1 },
  });
});

Deno.test("callAgent() has no trouble to tell where there is no agent", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  assertEquals(await call(path), {});
  await (await serveAgent(path, () => Promise.resolve(DONE)))[Symbol.asyncDispose]();
  await Deno.stat(path); // what a dead agent leaves
  assertEquals(await call(path), {});
});

const TROUBLES: readonly [string, (connection: Deno.Conn) => Promise<void>, string][] = [
  ["breaks off at once", (connection) => Promise.resolve(connection.close()), "broke"],
  [
    "breaks off at work",
    async (connection) => {
      await sendLine(connection, { word: "working" });
      connection.close();
    },
    "it broke off",
  ],
  [
    "refuses",
    async (connection) => {
      await sendLine(connection, { word: "refused", reason: "it is of version 2, must be 1" });
      connection.close();
    },
    "version 2",
  ],
  [
    "talks of other things",
    async (connection) => {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\n"));
      connection.close();
    },
    "JSON",
  ],
];

for (const [what, answer, trouble] of TROUBLES) {
  Deno.test(`callAgent() says what is wrong with an agent that ${what}`, async () => {
    await using stack = new AsyncDisposableStack();
    const path = await socketIn(stack);
    const listener = Deno.listen({ transport: "unix", path });
    const accepted = listener.accept().then(async (connection) => {
      await connection.read(new Uint8Array(65536));
      await answer(connection);
    });
    const outcome = await call(path);
    await accepted;
    listener.close();
    assertStringIncludes(JSON.stringify(outcome), trouble);
  });
}

Deno.test("callAgent() gives up an agent that hangs, before its first word and after", async () => {
  for (const words of [0, 3]) {
    await using stack = new AsyncDisposableStack();
    const path = await socketIn(stack);
    const listener = Deno.listen({ transport: "unix", path });
    const accepted = listener.accept();
    accepted.then(async (connection) => {
      for (let word = 0; word < words; word++) await sendLine(connection, { word: "working" });
    });
    assertEquals(await call(path, 50), { trouble: "it has said nothing for 50 ms" });
    (await accepted).close();
    listener.close();
  }
});

Deno.test("serveAgent() is never silent for as long as danm takes for hanging", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  const { promise: heard, resolve } = Promise.withResolvers<Answer>();
  stack.use(await serveAgent(path, () => heard));
  using connection = await Deno.connect({ transport: "unix", path });
  await sendLine(connection, { version: AGENT_VERSION, env: {}, stdin: "", silenceMs: 10, files: {} });
  let text = "";
  const read = async () => {
    const chunk = new Uint8Array(1000);
    text += new TextDecoder().decode(chunk.subarray(0, await connection.read(chunk) ?? 0));
    return text.split("working").length > 30 || undefined;
  };
  await eventually("hear 30 words", read, 0);
  resolve(DONE);
});

Deno.test("serveAgent() refuses a danm of another version", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, () => Promise.resolve(DONE)));
  using connection = await Deno.connect({ transport: "unix", path });
  await sendLine(connection, { version: "0/0", env: {}, stdin: "", silenceMs: PATIENCE_MS, files: {} });
  const text = await new Response(connection.readable).text();
  assertStringIncludes(text, `{"word":"refused","reason":"it is of version ${AGENT_VERSION}, must be 0/0"}`);
});

Deno.test("serveAgent() ends the work of a danm that goes away", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const work: AgentWork = (_call, { gone }) =>
    new Promise((answer) =>
      gone.addEventListener("abort", () => {
        resolve(gone.reason);
        answer(DONE);
      })
    );
  const agent = stack.use(await serveAgent(path, work));
  const connection = await Deno.connect({ transport: "unix", path });
  await sendLine(connection, { version: AGENT_VERSION, env: {}, stdin: "", silenceMs: PATIENCE_MS, files: {} });
  await connection.read(new Uint8Array(100)); // it is at work
  connection.close();
  assertStringIncludes(String(await ended), "danm has gone away");
  await eventually("see no call left", () => agent.calls() === 0 || undefined);
});

Deno.test("serveAgent() knows at once, and not when it is told, whether danm still waits", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  const { promise: outcome, resolve } = Promise.withResolvers<unknown[]>();
  const { promise: connected, resolve: connect } = Promise.withResolvers<Deno.Conn>();
  stack.use(
    await serveAgent(path, async (_call, { gone, confirm }) => {
      const before = await confirm().catch(String);
      (await connected).close();
      const isTold = gone.aborted;
      resolve([before, isTold, await confirm().catch(String)]);
      return DONE;
    }),
  );
  const connection = await Deno.connect({ transport: "unix", path });
  connect(connection);
  await sendLine(connection, { version: AGENT_VERSION, env: {}, stdin: "", silenceMs: PATIENCE_MS, files: {} });
  assertEquals(await outcome, [undefined, false, "Error: danm has gone away"]);
});

Deno.test("serveAgent() leaves to danm what the work was not begun for", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, () => Promise.resolve({ refusal: "it cannot read a file" })));
  assertEquals(await call(path), { trouble: "it cannot read a file" });
});

Deno.test("serveAgent() takes the place of an earlier agent, which ends what it has begun", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const earlier = await serveAgent(path, async () => {
    begin();
    await allowed;
    return { stdout: "earlier", exitCode: 0 };
  });
  const first = call(path);
  await begun;
  stack.use(await serveAgent(path, () => Promise.resolve({ stdout: "later", exitCode: 0 })));
  assertEquals(await call(path), { answer: { stdout: "later", exitCode: 0 } });
  const stopped = earlier[Symbol.asyncDispose]();
  allow();
  await stopped;
  assertEquals(await first, { answer: { stdout: "earlier", exitCode: 0 } });
  assertEquals(await call(path), { answer: { stdout: "later", exitCode: 0 } });
});

Deno.test("serveAgent() lets only this user connect", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, () => Promise.resolve(DONE)));
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals(Array.from(Deno.readDirSync(dirname(path)), ({ name }) => name), ["agent.sock"]);
});

Deno.test("serveAgent() answers many calls at once", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, ({ stdin }) => Promise.resolve({ stdout: stdin, exitCode: 0 })));
  const texts = Array.from({ length: 200 }, (_, place) => String(place));
  const outcomes = await Promise.all(
    texts.map((stdin) => callAgent(path, { env: {}, stdin }, {}, PATIENCE_MS, () => {})),
  );
  assertEquals(outcomes, texts.map((stdout) => ({ answer: { stdout, exitCode: 0 } })));
});

Deno.test("serveAgent() refuses a call about files that it does not see as danm does", async () => {
  await using stack = new AsyncDisposableStack();
  const path = await socketIn(stack);
  stack.use(await serveAgent(path, () => Promise.resolve(DONE)));
  const ask = (files: FileIdentities) => callAgent(path, CALL, files, PATIENCE_MS, () => {});
  const here = identifyFiles([path, "/proc/self/ns/net", "/no/such/file"]);
  assertEquals(await ask(here), { answer: DONE });
  for (const other of [{ [path]: "1:1" }, { [path]: "" }, { "/no/such/file": here[path]! }]) {
    const [place] = Object.keys(other);
    assertEquals(await ask({ ...here, ...other }), { trouble: `it finds something else at ${place}` });
  }
});

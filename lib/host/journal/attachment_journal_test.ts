import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { dirname, fromFileUrl, join } from "@std/path/posix";
import { type AttachmentJournal, JournalError, openJournal } from "./attachment_journal.ts";
import { attachmentKey, journalPath, MAX_CONTAINER_ID, parseJournalName } from "./journal_path.ts";
import { formatEntry, formatHeader } from "./parse_journal.ts";
import { hasJournal, listJournals } from "./list_journals.ts";
import { readJournal } from "./read_journal.ts";
import { runProcess } from "../../process/run_process.ts";
import { inDirectory } from "../../../tests/in_directory.ts";

interface Step {
  readonly type: string;
  readonly n: number;
}
const NEVER = new AbortController().signal;
const step = (n: number): Step => ({ type: "step", n });
const open = (stateDir: string, containerId = "c1", signal = NEVER) => openJournal<Step>(stateDir, containerId, signal);
const numbers = (journal: AttachmentJournal<Step>) => journal.read().map(({ n }) => n);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

const inStateDir = (body: (stateDir: string) => Promise<void>) =>
  inDirectory((directory) => body(join(directory, "lib", "danm")));

function script(name: string, ...args: string[]): Deno.Command {
  const config = fromFileUrl(import.meta.resolve("../../../deno.json"));
  const path = fromFileUrl(import.meta.resolve(`./testdata/${name}.ts`));
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--config", config, "--allow-read", "--allow-write", path, ...args],
    stdout: "piped",
    stderr: "inherit",
  });
}

Deno.test("openJournal() reads what was appended before, durable or not, in order", async () => {
  await inStateDir(async (stateDir) => {
    {
      await using journal = await open(stateDir);
      assertEquals(journal.read(), []);
      await journal.append([step(0), step(1)], { durable: false });
      await journal.append([step(2)], { durable: true });
      assertEquals(numbers(journal), [0, 1, 2]);
    }
    await using journal = await open(stateDir);
    assertEquals(journal.read(), [step(0), step(1), step(2)]);
    await journal.append([step(3)], { durable: true });
    assertEquals(numbers(journal), [0, 1, 2, 3]);
  });
});

Deno.test("openJournal() keeps what it makes from other users", async () => {
  await inStateDir(async (stateDir) => {
    await using journal = await open(stateDir);
    const modes = [stateDir, join(stateDir, "attachments"), journal.path].map((path) =>
      Deno.statSync(path).mode! & 0o777
    );
    assertEquals(modes, [0o700, 0o700, 0o600]);
  });
});

Deno.test("openJournal() refuses an ID that leads out of the directory", async () => {
  await inStateDir(async (stateDir) => {
    for (const containerId of ["", ".", "..", "a/b", "../x", "-x", "a b", "a\0"]) {
      await assertRejects(() => open(stateDir, containerId), RangeError, "Cannot name journal: container ID is ");
    }
  });
});

Deno.test("openJournal() names the file it cannot open", async () => {
  await inStateDir(async (stateDir) => {
    await Deno.mkdir(journalPath(stateDir, "c1"), { recursive: true });
    const error = await assertRejects(() => open(stateDir), JournalError);
    assertStringIncludes(error.message, `Cannot open journal ${stateDir}/attachments/c1: `);
  });
});

Deno.test("openJournal() ignores a torn last line and cuts it off before it appends", async () => {
  await inStateDir(async (stateDir) => {
    const path = journalPath(stateDir, "c1");
    await Deno.mkdir(dirname(path), { recursive: true });
    const whole = '{"type":"step","n":0}\n';
    const long = `{"type":"step","padding":"${"x".repeat(10_000)}`;
    for (const torn of ["{", '{"type":"step","n":1}', "\0\0\0", long, '{"type":"ä']) {
      const bytes = new TextEncoder().encode(whole + torn);
      await Deno.writeFile(path, torn.endsWith("ä") ? bytes.subarray(0, -1) : bytes);
      {
        await using journal = await open(stateDir);
        assertEquals([numbers(journal), journal.damagedLines], [[0], 0]);
        await journal.append([step(7)], { durable: false });
      }
      assertEquals(await Deno.readTextFile(path), whole + '{"type":"step","n":7}\n');
    }
  });
});

Deno.test("openJournal() waits until the holder gives the journal back", async () => {
  await inStateDir(async (stateDir) => {
    const first = await open(stateDir);
    const order: string[] = [];
    const second = open(stateDir).then((journal) => (order.push("second"), journal));
    const elsewhere = await open(stateDir, "c2");
    await elsewhere[Symbol.asyncDispose]();
    await first.append([step(0)], { durable: true });
    order.push("first");
    await first[Symbol.asyncDispose]();
    await using journal = await second;
    assertEquals([order, numbers(journal)], [["first", "second"], [0]]);
  });
});

Deno.test("openJournal() gives up waiting when the signal aborts", async () => {
  await inStateDir(async (stateDir) => {
    await using _holder = await open(stateDir);
    const deadline = new AbortController();
    const waiting = open(stateDir, "c1", deadline.signal);
    deadline.abort(new Error("the deadline passed"));
    await assertRejects(() => waiting, Error, "the deadline passed");
  });
});

Deno.test("openJournal() starts anew after a holder that removed the journal", async () => {
  await inStateDir(async (stateDir) => {
    const first = await open(stateDir);
    await first.append([step(0)], { durable: true });
    const waiting = [open(stateDir), open(stateDir), open(stateDir)];
    await first.remove();
    await first[Symbol.asyncDispose]();
    let count = 0;
    await Promise.all(waiting.map(async (opening) => {
      await using journal = await opening;
      assertEquals(numbers(journal), upTo(count));
      await journal.append([step(count++)], { durable: true });
    }));
    await using journal = await open(stateDir);
    assertEquals(numbers(journal), [0, 1, 2]);
  });
});

Deno.test("AttachmentJournal is not held by programs that its holder started", async () => {
  await inStateDir(async (stateDir) => {
    const journal = await open(stateDir);
    const stop = new AbortController();
    const sleeping = runProcess({ program: "/bin/sleep", args: ["60"] }, stop.signal);
    await journal[Symbol.asyncDispose]();
    await using _again = await open(stateDir, "c1", AbortSignal.timeout(5000));
    stop.abort(new Error("enough"));
    await assertRejects(() => sleeping, Error, "enough");
  });
});

Deno.test("AttachmentJournal.append() keeps entries of one process in order when many wait at once", async () => {
  await inStateDir(async (stateDir) => {
    {
      await using journal = await open(stateDir);
      await Promise.all(upTo(100).map((n) => journal.append([step(n)], { durable: n % 3 !== 0 })));
    }
    await using journal = await open(stateDir);
    assertEquals(numbers(journal), upTo(100));
  });
});

Deno.test("AttachmentJournal.append() fails on a full disk, keeps what was there, and works again after it", async () => {
  await inStateDir(async (stateDir) => {
    await Deno.mkdir(stateDir, { recursive: true });
    const mount = { program: "mount", args: ["-t", "tmpfs", "-o", "size=64k", "danm-test", stateDir] };
    assertEquals((await runProcess(mount, NEVER)).stderr, "");
    try {
      await using journal = await open(stateDir);
      await journal.append([step(0)], { durable: true });
      await Deno.writeFile(join(stateDir, "ballast"), new Uint8Array(40_000));
      const long = { ...step(1), padding: "x".repeat(50_000) };
      const error = await assertRejects(() => journal.append([long], { durable: true }), JournalError);
      assertStringIncludes(error.message, `Cannot append to journal ${journal.path}: No space left`);
      await Deno.remove(join(stateDir, "ballast"));
      await journal.append([step(1)], { durable: true });
      assertEquals(numbers(journal), [0, 1]);
      const lines = [formatHeader(), ...[step(0), step(1)].map((entry) => formatEntry(entry))];
      assertEquals(await Deno.readTextFile(journal.path), lines.join(""));
    } finally {
      await runProcess({ program: "umount", args: [stateDir] }, NEVER);
    }
  });
});

Deno.test("AttachmentJournal.remove() leaves nothing, and nothing can be appended after it", async () => {
  await inStateDir(async (stateDir) => {
    await using journal = await open(stateDir);
    await journal.append([step(0)], { durable: true });
    await journal.remove();
    assertEquals(await hasJournal(stateDir, "c1"), false);
    await assertRejects(() => journal.append([step(1)], { durable: false }), JournalError, "it has been removed");
  });
});

Deno.test("AttachmentJournal leaves no file when nothing was appended", async () => {
  await inStateDir(async (stateDir) => {
    await (await open(stateDir))[Symbol.asyncDispose]();
    assertEquals(await listJournals(stateDir), []);
  });
});

Deno.test("openJournal() reads a journal of the first format, and refuses, untouched, one of a later format", async () => {
  await inStateDir(async (stateDir) => {
    const path = journalPath(stateDir, "c1");
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, '{"type":"step","n":0}\n{"type":"step","n":1}\n');
    {
      await using journal = await open(stateDir);
      assertEquals([numbers(journal), journal.damagedLines, journal.mayLack], [[0, 1], 0, false]);
      await journal.append([step(2)], { durable: false });
    }
    assertEquals(await readJournal(stateDir, "c1"), [step(0), step(1), step(2)]);
    const later = '{"type":"journal","version":3}\n{"type":"step","n":0}\n';
    await Deno.writeTextFile(path, later);
    const message =
      "its format version is 3, must be at most 2; a later version of DANM has written it, and can take " +
      "back what it says";
    await assertRejects(() => open(stateDir), JournalError, `Cannot open journal ${path}: ${message}`);
    await assertRejects(() => readJournal(stateDir, "c1"), JournalError, `Cannot read journal ${path}: ${message}`);
    assertEquals(await Deno.readTextFile(path), later);
  });
});

Deno.test("readJournal() reads what its holder has appended so far, and nothing where there is none", async () => {
  await inStateDir(async (stateDir) => {
    assertEquals(await readJournal(stateDir, "c1"), []);
    await using journal = await open(stateDir);
    await journal.append([step(0)], { durable: false });
    assertEquals(await readJournal(stateDir, "c1"), [step(0)]);
  });
});

Deno.test("attachmentKey() is another one for every attachment, and the name of a file whatever comes from outside", () => {
  const word = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,5}$/),
    fc.constantFrom("a".repeat(300), "a".repeat(301)),
  );
  const id = fc.record({
    containerId: word.map((text) => text.slice(0, MAX_CONTAINER_ID)),
    ifName: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,3}$/),
    configName: word,
  });
  fc.assert(
    fc.property(id, id, (one, other) => {
      const keys = [attachmentKey(one), attachmentKey(other)] as const;
      assertEquals(keys[0] === keys[1], JSON.stringify(one) === JSON.stringify(other));
      assert(/^[A-Za-z0-9][A-Za-z0-9_.@~-]{0,254}$/.test(keys[0]), keys[0]);
      const { containerId, ifName } = parseJournalName(keys[0])!;
      assertEquals([containerId, ifName], [one.containerId, one.ifName]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("attachmentKey() refuses what leads out of the folder", () => {
  const good = { containerId: "c1", ifName: "eth0", configName: "danm" };
  for (const wrong of [{ containerId: "../c1" }, { ifName: "a/b" }, { ifName: "" }, { configName: ".." }]) {
    assertThrows(() => attachmentKey({ ...good, ...wrong }), RangeError, "Cannot name journal: ");
  }
});

Deno.test("listJournals() and hasJournal() tell which containers have a journal", async () => {
  await inStateDir(async (stateDir) => {
    assertEquals([await listJournals(stateDir), await hasJournal(stateDir, "b")], [[], false]);
    for (const containerId of ["b", "a.1"]) {
      await using journal = await open(stateDir, containerId);
      await journal.append([step(0)], { durable: false });
    }
    await Deno.writeTextFile(join(stateDir, "attachments", ".swp"), "");
    await Deno.mkdir(join(stateDir, "attachments", "folder"));
    await Deno.writeTextFile(join(stateDir, "attachments", "a@b"), "");
    assertEquals(await listJournals(stateDir), ["a.1", "b"]);
    assertEquals(await hasJournal(stateDir, "c".repeat(300)), false);
    assertEquals([await hasJournal(stateDir, "b"), await hasJournal(stateDir, "c")], [true, false]);
    await assertRejects(() => hasJournal(stateDir, "../x"), RangeError);
    assertThrows(() => journalPath(stateDir, ".."), RangeError);
  });
});

Deno.test("AttachmentJournal has one holder at a time among processes, removals included", async () => {
  await inStateDir(async (stateDir) => {
    const runs = upTo(4).map(() => script("journal_counter", stateDir, "c1", "50").output());
    assertEquals((await Promise.all(runs)).map(({ code }) => code), [0, 0, 0, 0]);
    assertEquals(await listJournals(stateDir), []);
  });
});

Deno.test("AttachmentJournal keeps every appended entry through 100 kills at random instants", async () => {
  await inStateDir(async (stateDir) => {
    for (let kill = 0; kill < 100; kill++) {
      const acknowledged = await killWriter(script("journal_writer", stateDir, "c1"), kill % 25);
      await using journal = await open(stateDir, "c1", AbortSignal.timeout(10_000));
      const found = numbers(journal);
      assertEquals([found, journal.damagedLines], [upTo(found.length), 0]);
      assert(found.length > acknowledged, `kill ${kill}: ${acknowledged} was appended, ${found.length} are there`);
      if (kill % 10 === 9) await journal.remove();
    }
  });
});

/** Kills the writer `delay` ms after its first line and returns the last number it printed. */
async function killWriter(command: Deno.Command, delay: number): Promise<number> {
  const child = command.spawn();
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (printed === "") setTimeout(() => child.kill("SIGKILL"), delay);
    printed += text;
  }
  assertEquals((await child.status).signal, "SIGKILL");
  return Number(printed.split("\n").at(-2));
}

/**
 * Appends one entry to a journal again and again, numbered by what is there, and removes the journal whenever ten are
 * there; fails when it finds a number missing or twice. Arguments: state directory, container ID, rounds.
 */
import { assertEquals } from "@std/assert";
import { openJournal } from "../attachment_journal.ts";

const [stateDir, containerId, rounds] = Deno.args;
for (let round = 0; round < Number(rounds); round++) {
  await using journal = await openJournal<{ type: string; n: number }>(
    stateDir!,
    containerId!,
    AbortSignal.timeout(30_000),
  );
  const n = journal.read().length;
  assertEquals(journal.read().map((entry) => entry.n), Array.from({ length: n }, (_, index) => index));
  await journal.append([{ type: "count", n }], { durable: round % 2 === 0 });
  if (n === 9) await journal.remove();
}

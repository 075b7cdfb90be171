/**
 * Appends to a journal until killed, and prints the number of each entry once it is appended.
 * Arguments: state directory, container ID.
 */
import { openJournal } from "../attachment_journal.ts";

const [stateDir, containerId] = Deno.args;
await using journal = await openJournal<{ type: string; n: number; padding: string }>(
  stateDir!,
  containerId!,
  AbortSignal.timeout(10_000),
);
console.log(journal.read().length - 1);
for (let n = journal.read().length;; n++) {
  // Long entries take the kernel a while to copy: the kill finds some of them half written.
  const padding = "x".repeat(n % 3 === 0 ? 500_000 : n % 50);
  await journal.append([{ type: "step", n, padding }], { durable: n % 2 === 0 });
  console.log(n);
}

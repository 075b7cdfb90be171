/** Reads the JSON lines of a journal. */

/** One step that was taken or is about to be; what else it holds is for the code that writes it. */
export interface JournalEntry {
  readonly type: string;
}

/** What the bytes of a journal say. */
export interface ParsedJournal<Entry extends JournalEntry> {
  readonly entries: Entry[];
  /** Bytes up to the end of the last complete line: what follows was torn by a kill and never counted. */
  readonly end: number;
  /** Complete lines that are no entry: no kill leaves such a line, only a damaged disk or an editor. */
  readonly damagedLines: number;
}

const NEWLINE = 0x0a;

/** Reads `bytes`. Entries are taken to be those that were written: only that they have a `type` is looked at. */
export function parseJournal<Entry extends JournalEntry>(bytes: Uint8Array): ParsedJournal<Entry> {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
  const entries = lines.map(parseEntry<Entry>).filter((entry) => entry !== undefined);
  return { entries, end, damagedLines: lines.length - entries.length };
}

function parseEntry<Entry extends JournalEntry>(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEntry = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
    return isEntry ? value as Entry : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a journal, and what a damaged one still says. */
import { hash32 } from "../../ipam/hash.ts";

/** One step that was taken or is about to be; what else it holds is for the code that writes it. */
export interface JournalEntry {
  readonly type: string;
}

/** What the bytes of a journal say. */
export interface ParsedJournal<Entry extends JournalEntry> {
  /** Of the format. The first format did not say; nor does a journal whose first line is damaged. */
  readonly version: number | undefined;
  /** Whether its lines have checksums. */
  readonly isSealed: boolean;
  readonly entries: Entry[];
  /** Bytes up to the end of the last complete line: what follows was torn by a kill and never counted. */
  readonly end: number;
  /** Complete lines that are no entry: no kill leaves such a line, only a damaged disk or an editor. */
  readonly damagedLines: number;
}

/**
 * The format that is written: a line that says so, then the entries, each with a checksum, as a damaged disk can turn one
 * valid entry into another. Version 1 had neither, and one journal for each container.
 */
export const JOURNAL_VERSION = 2;

const HEADER = "journal";
const NEWLINE = 0x0a;
const CHECKSUM = /,"sum":"([0-9a-f]{8})"\}$/;

/** The first line of a journal. */
export function formatHeader(): string {
  return formatEntry({ type: HEADER, version: JOURNAL_VERSION } as JournalEntry);
}

/** The line of an entry; with a checksum unless it is for a journal whose lines have none. */
export function formatEntry(entry: JournalEntry, isSealed = true): string {
  const text = JSON.stringify(entry);
  if (!isSealed) return `${text}\n`;
  return `${text.slice(0, -1)},"sum":"${checksum(text)}"}\n`;
}

/**
 * Reads `bytes`, in any format: all lines have a checksum or none. Entries are taken to be those that were written: only
 * that they have a `type` is looked at.
 */
export function parseJournal<Entry extends JournalEntry>(bytes: Uint8Array): ParsedJournal<Entry> {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
  const isSealed = lines.some((line) => CHECKSUM.test(line));
  const found = (isSealed ? lines.map(openSealed) : lines).map(parseEntry).filter((entry) => entry !== undefined);
  const version = found.find(isHeader)?.version;
  const entries = found.filter((entry) => !isHeader(entry)) as Entry[];
  return { version, isSealed, entries, end, damagedLines: lines.length - found.length };
}

/**
 * Reads `bytes` for who acts by what they say.
 *
 * @throws {Error} when a later version of DANM has written them, so that nobody here knows all that they say
 */
export function parseKnownJournal<Entry extends JournalEntry>(bytes: Uint8Array): ParsedJournal<Entry> {
  const parsed = parseJournal<Entry>(bytes);
  if (parsed.version === undefined || parsed.version <= JOURNAL_VERSION) return parsed;
  throw new Error(
    `its format version is ${parsed.version}, must be at most ${JOURNAL_VERSION}; a later version of DANM has written it, ` +
      "and can take back what it says",
  );
}

/** The entry of a line whose checksum is right. */
function openSealed(line: string): string | undefined {
  const sum = CHECKSUM.exec(line);
  const text = sum ? `${line.slice(0, sum.index)}}` : line;
  return sum?.[1] === checksum(text) ? text : undefined;
}

function parseEntry(text: string | undefined): JournalEntry | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isEntry = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
    return isEntry ? value as JournalEntry : undefined;
  } catch {
    return undefined;
  }
}

function isHeader(entry: JournalEntry): entry is JournalEntry & { readonly version: number } {
  return entry.type === HEADER && "version" in entry && typeof entry.version === "number";
}

function checksum(text: string): string {
  return hash32(text).toString(16).padStart(8, "0");
}

/** What a node remembers of one attachment: a file of JSON lines that any kill leaves readable. */
import { dirname } from "@std/path/posix";
import { groupFlush } from "./group_flush.ts";
import { journalPath } from "./journal_path.ts";
import { openLocked } from "../files/open_locked.ts";
import { formatEntry, formatHeader, type JournalEntry, parseKnownJournal } from "./parse_journal.ts";
import { syncDirectory } from "../files/sync_directory.ts";
import { writeAll } from "../files/write_all.ts";

/** The journal of one attachment, locked: it has no other holder, in this process or another, until it is disposed of. */
export interface AttachmentJournal<Entry extends JournalEntry> extends AsyncDisposable {
  readonly path: string;
  /** Lines found that are no entry and are passed over. No kill leaves one: the disk is damaged or a hand was at it. */
  readonly damagedLines: number;
  /** Whether something that was written may be missing: lines are damaged or the last one is torn, as a kill leaves it. */
  readonly mayLack: boolean;
  /** All entries in the order they were appended. */
  read(): readonly Entry[];
  /**
   * Appends `entries` in one write: a kill leaves all of them or the first few. They are in the file when the call
   * returns, for every later reader; when the promise of a durable append resolves, they outlive a power cut as well.
   * Durable appends that wait at the same time share one flush.
   *
   * @throws {JournalError}
   */
  append(entries: readonly Entry[], options: { readonly durable: boolean }): Promise<void>;
  /**
   * Deletes the journal; nothing but disposal may follow.
   *
   * @throws {JournalError}
   */
  remove(): Promise<void>;
}

/** The journal's file cannot be used. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  constructor(action: string, readonly path: string, cause: unknown) {
    super(`Cannot ${action} journal ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/**
 * Opens a journal, empty when there is none, once no one else holds it. Disposal gives it back, and leaves no file when
 * nothing was ever appended.
 *
 * @param stateDir made, with mode 0700, when it does not exist
 * @param name as {@linkcode journalPath} takes it
 * @throws {JournalError} when the file cannot be made or read, or a later version of DANM has written it
 * @throws the reason of `signal` when it aborts while another holds the journal
 */
export async function openJournal<Entry extends JournalEntry>(
  stateDir: string,
  name: string,
  signal: AbortSignal,
): Promise<AttachmentJournal<Entry>> {
  const path = journalPath(stateDir, name);
  try {
    const file = await openInDirectory(path, signal);
    try {
      return new FileJournal<Entry>(path, file, await readAll(file));
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw signal.aborted && error === signal.reason ? error : new JournalError("open", path, error);
  }
}

async function openInDirectory(path: string, signal: AbortSignal): Promise<Deno.FsFile> {
  try {
    return await openLocked(path, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const directory = dirname(path);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const stateDir = dirname(directory);
  await Promise.all([syncDirectory(stateDir), syncDirectory(dirname(stateDir))]);
  return await openLocked(path, signal);
}

async function readAll(file: Deno.FsFile): Promise<Uint8Array> {
  const bytes = new Uint8Array((await file.stat()).size);
  let length = 0;
  for (let count: number | null = 0; count !== null && length < bytes.length; length += count ?? 0) {
    count = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

class FileJournal<Entry extends JournalEntry> implements AttachmentJournal<Entry> {
  readonly damagedLines: number;
  readonly mayLack: boolean;
  readonly #file: Deno.FsFile;
  readonly #entries: Entry[];
  /** Whether the lines that were found have checksums: a journal has them in all lines or in none. */
  #isSealed: boolean;
  /** Bytes that count: up to the end of the last complete line. */
  #end: number;
  /** Whether the file ends, and stands, at `#end`; otherwise a torn line must be cut off first. */
  #isWhole: boolean;
  #isNamed = false;
  #isRemoved = false;
  readonly #flush = groupFlush(() => this.#syncAll());

  constructor(readonly path: string, file: Deno.FsFile, bytes: Uint8Array) {
    const { isSealed, entries, end, damagedLines } = parseKnownJournal<Entry>(bytes);
    this.damagedLines = damagedLines;
    this.mayLack = damagedLines > 0 || end < bytes.length;
    this.#file = file;
    this.#entries = entries;
    this.#isSealed = isSealed;
    this.#end = end;
    this.#isWhole = end === bytes.length;
  }

  read(): readonly Entry[] {
    return [...this.#entries];
  }

  async append(entries: readonly Entry[], { durable }: { readonly durable: boolean }): Promise<void> {
    try {
      if (this.#isRemoved) throw new Error("it has been removed");
      const isNew = this.#end === 0;
      const lines = entries.map((entry) => formatEntry(entry, isNew || this.#isSealed));
      if (isNew) lines.unshift(formatHeader());
      this.#write(new TextEncoder().encode(lines.join("")));
      this.#isSealed ||= isNew;
      this.#entries.push(...entries);
      if (durable) await this.#flush();
    } catch (error) {
      throw new JournalError("append to", this.path, error);
    }
  }

  #write(bytes: Uint8Array): void {
    if (!this.#isWhole) {
      this.#file.truncateSync(this.#end);
      this.#file.seekSync(this.#end, Deno.SeekMode.Start);
    }
    this.#isWhole = false;
    writeAll(this.#file, bytes);
    this.#end += bytes.length;
    this.#isWhole = true;
  }

  /** The name is flushed once by every holder: who made the file may have died before it came to that. */
  async #syncAll(): Promise<void> {
    await Promise.all([this.#file.syncData(), this.#isNamed ? undefined : syncDirectory(dirname(this.path))]);
    this.#isNamed = true;
  }

  async remove(): Promise<void> {
    try {
      await this.#unlink();
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw new JournalError("remove", this.path, error);
    }
  }

  async #unlink(): Promise<void> {
    this.#isRemoved = true;
    await Deno.remove(this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#end === 0 && !this.#isRemoved) await this.#unlink();
    } catch (error) {
      throw new JournalError("remove", this.path, error);
    } finally {
      this.#file.close();
    }
  }
}

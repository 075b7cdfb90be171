/** Logs of JSON lines: danm's, in a file that all danm processes of a node share, and the daemons'. */
import { writeAll } from "../files/write_all.ts";

/** The levels, least first. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** How much a line matters, least first. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What a line tells besides its message, by name. An error is told by its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where lines go. It never throws, and prints nothing but what it is handed: hand it no secret. */
export interface Log extends Disposable {
  /** Writes one line, unless its level is below the log's. */
  write(level: LogLevel, message: string, fields?: LogFields): void;
}

/** Whether `text` names a level. */
export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/**
 * Opens the log that appends to the file at `path` every line of `level` or above. Each line is one write with
 * O_APPEND, so that lines of several processes do not mix. When the file cannot be opened or written, lines go to
 * `complain` from then on, after one that says why: a full disk must not fail a Pod.
 *
 * @param common fields of every line, e.g. the container ID
 * @param complain takes a line, without its end; where absent they go to standard error
 */
export function openLog(
  path: string,
  level: LogLevel,
  common: LogFields = {},
  complain: (line: string) => void = writeToStandardError,
): Log {
  let file: Deno.FsFile | undefined;

  function put(lineLevel: LogLevel, message: string, fields?: LogFields): void {
    try {
      const line = formatLine(lineLevel, message, { ...common, ...fields });
      if (file === undefined) complain(line);
      else writeAll(file, encodeLine(line));
    } catch (error) {
      if (file === undefined) return; // standard error is gone as well: nobody listens
      giveUpFile(error);
      put(lineLevel, message, fields);
    }
  }

  function giveUpFile(reason: unknown): void {
    file?.close();
    file = undefined;
    put("warning", `Cannot write log ${path}`, { reason });
  }

  try {
    file = Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (error) {
    giveUpFile(error);
  }
  return {
    write(lineLevel, message, fields) {
      if (isHeard(lineLevel, level)) put(lineLevel, message, fields);
    },
    [Symbol.dispose]() {
      file?.close();
      file = undefined;
    },
  };
}

/** Opens a log like `openLog()`'s on standard error, where a daemon's container runtime reads it. */
export function openStandardErrorLog(level: LogLevel, common: LogFields = {}): Log {
  return {
    write(lineLevel, message, fields) {
      if (!isHeard(lineLevel, level)) return;
      try {
        writeToStandardError(formatLine(lineLevel, message, { ...common, ...fields }));
      } catch {
        // nobody listens, which must not stop a daemon
      }
    },
    [Symbol.dispose]() {},
  };
}

function isHeard(lineLevel: LogLevel, level: LogLevel): boolean {
  return LOG_LEVELS.indexOf(lineLevel) >= LOG_LEVELS.indexOf(level);
}

/** The head comes first, to be read, and counts last, so that no field can pass for it. */
function formatLine(level: LogLevel, message: string, fields: LogFields): string {
  const head = { time: new Date().toISOString(), level, message };
  try {
    return JSON.stringify({ ...head, ...fields, ...head }, printable);
  } catch (error) {
    return JSON.stringify({ ...head, unprintable: error }, printable);
  }
}

function encodeLine(line: string): Uint8Array {
  return new TextEncoder().encode(`${line}\n`);
}

function writeToStandardError(line: string): void {
  writeAll(Deno.stderr, encodeLine(line));
}

/** JSON knows neither errors nor big integers. */
function printable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === "bigint" ? String(value) : value;
}

/** Reading annotations of Pods that list interfaces. */

/** A Pod's annotation that cannot be used; the message names entry, key, value and what is allowed. */
export class AnnotationError extends Error {
  override readonly name = "AnnotationError";
  constructor(annotation: string, problem: string) {
    super(`Cannot read annotation ${annotation}: ${problem}`);
  }
}

/** What is wrong with one entry of an annotation. */
export class EntryError extends Error {
  override readonly name = "EntryError";
}

/** The most interfaces a Pod may ask for, in all its annotations. All are made at once, by root. */
export const MAX_INTERFACES = 32;

/**
 * The longest annotation to be read, in UTF-16 code units: what the API server allows all annotations of an object
 * together, in bytes. Source: Kubernetes, TotalAnnotationSizeLimitB.
 */
const MAX_LENGTH = 256 * 1024;

/** @throws {AnnotationError} when `text` is longer than any annotation can be */
export function checkLength(annotation: string, text: string): void {
  if (text.length > MAX_LENGTH) {
    throw new AnnotationError(annotation, `it has ${text.length} characters, must have at most ${MAX_LENGTH}`);
  }
}

/**
 * The entries of a JSON list; none when the text is blank or `null`.
 *
 * @throws {AnnotationError} when it is no list, or a longer one than a Pod may have interfaces
 */
export function parseEntries(annotation: string, text: string): readonly unknown[] {
  checkLength(annotation, text);
  const entries = parseJson(annotation, text) ?? [];
  if (!Array.isArray(entries)) {
    throw new AnnotationError(annotation, "it is not a list, must be a JSON list of objects");
  }
  return checkCount(annotation, entries);
}

/** @throws {AnnotationError} when there are more than a Pod may have interfaces */
export function checkCount<T>(annotation: string, entries: readonly T[]): readonly T[] {
  if (entries.length <= MAX_INTERFACES) return entries;
  throw new AnnotationError(annotation, `it has ${entries.length} entries, must have at most ${MAX_INTERFACES}`);
}

/**
 * Reads each entry.
 *
 * @param read throws an {@linkcode EntryError} of what is wrong
 * @throws {AnnotationError} naming the entry
 */
export function readEntries<E, T>(annotation: string, entries: readonly E[], read: (entry: E) => T): T[] {
  return entries.map((entry, index) => {
    try {
      return read(entry);
    } catch (error) {
      if (error instanceof EntryError) throw new AnnotationError(annotation, `entry ${index}: ${error.message}`);
      throw error;
    }
  });
}

function parseJson(annotation: string, text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AnnotationError(annotation, `it is not JSON: ${(error as SyntaxError).message}`);
  }
}

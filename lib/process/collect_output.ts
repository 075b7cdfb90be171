/** Gathers what a process writes to one of its outputs. */

/** A program wrote more than is read from one of its outputs. */
export class OutputTooLongError extends Error {
  override readonly name = "OutputTooLongError";
  constructor(limit: number) {
    super(`Cannot read output: it is longer than ${limit} bytes`);
  }
}

/** An output being read. */
export interface CollectedOutput {
  /** Settles at the end of the output, or when reading was given up; rejects when the output is too long. */
  readonly ended: Promise<void>;
  /** What has been read so far; bytes that are not UTF-8 become U+FFFD. */
  text(): string;
  /** Stops reading and closes the pipe, even when some process still holds its other end. */
  close(): Promise<void>;
}

/** Starts to read `stream`, at most `limit` bytes of it. */
export function collectOutput(stream: ReadableStream<Uint8Array>, limit: number): CollectedOutput {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  const read = async () => {
    let length = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > limit) throw new OutputTooLongError(limit);
      chunks.push(next.value);
    }
  };
  return {
    ended: read(),
    text() {
      const decoder = new TextDecoder();
      return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
    },
    close: () => reader.cancel(),
  };
}

/** Reads what a client sends, in bounded memory and bounded time. */

/** A body that was not read; `status` is the HTTP status to answer with. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  constructor(readonly status: 400 | 408 | 413 | 503, problem: string) {
    super(`Cannot read the request: ${problem}`);
  }
}

/** The bounds of one body. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** For all of it, in milliseconds. */
  readonly deadlineMs: number;
}

/**
 * The body of `request` as text.
 *
 * @param signal fires when others need the memory
 * @throws {BodyError} when it is too large, too slow, or breaks off
 */
export async function readBody(
  request: Request,
  { maxBytes, deadlineMs }: BodyLimits,
  signal: AbortSignal,
): Promise<string> {
  const tooLarge = () => new BodyError(413, `it is larger than ${maxBytes} bytes`);
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {}); // it may come when nobody waits any more
  const timer = setTimeout(
    () => late.reject(new BodyError(408, `it did not arrive within ${deadlineMs} ms`)),
    deadlineMs,
  );
  const giveWay = () => late.reject(new BodyError(503, "it did not arrive before others needed the room"));
  signal.addEventListener("abort", giveWay);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return parts.join("") + decoder.decode();
      size += value.length;
      if (size > maxBytes) throw tooLarge();
      parts.push(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    throw error instanceof BodyError ? error : new BodyError(400, "it broke off");
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveWay);
  }
}

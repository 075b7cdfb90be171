import { KubeError, type Status } from "../client/kube_error.ts";

/** One change of a watched collection. A `BOOKMARK` carries nothing but the resourceVersion reached. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

/**
 * Splits the body of a watch into events: one JSON object a line.
 *
 * @param signal the request's own: fetch() remembers whose body to break off only as long as somebody holds the response
 * @throws {KubeError} when the server ends the watch with an error, e.g. 410 for a resourceVersion it has forgotten
 * @throws {SyntaxError} when a line is no event
 */
export async function* readWatchEvents<T>(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  request: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of lines(body.pipeThrough(new TextDecoderStream(), { signal }))) {
    const event: WatchEvent<T & { readonly metadata?: unknown }> | WatchFailure | null = JSON.parse(line);
    if (event?.type === "ERROR") {
      const { code = 500, reason = "", message = "the watch failed" } = event.object;
      throw new KubeError(request, code, reason, message);
    }
    if (event?.object?.metadata === undefined) throw new SyntaxError("a line is no event");
    yield event;
  }
}

interface WatchFailure {
  readonly type: "ERROR";
  readonly object: Status & { readonly code?: number };
}

async function* lines(chunks: ReadableStream<string>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
}

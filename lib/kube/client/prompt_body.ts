/** Bodies of requests and answers that are sent without a pause. */

/**
 * Bytes of a body to hand over at once. Deno leaves Nagle's algorithm on. Of longer pieces its HTTP/2 writes the frame's
 * header by itself, and the kernel keeps the rest back until the other side has confirmed that, which it does 40 ms later;
 * shorter ones are copied behind the header. Source: `CHAIN_THRESHOLD` in frame/data of hyperium/h2; RFC 896.
 */
const PIECE = 1000;

/** `body` as `fetch` and `Response` take it, in a form that HTTP/2 sends at once. */
export function promptBody(body: Uint8Array<ArrayBuffer>): BodyInit {
  return body.length > PIECE ? ReadableStream.from(pieces(body)) : body;
}

function* pieces(body: Uint8Array<ArrayBuffer>): Iterable<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < body.length; start += PIECE) yield body.subarray(start, start + PIECE);
}

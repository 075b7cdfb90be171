/** Unary gRPC calls over a Unix socket. Source: "gRPC over HTTP2", doc/PROTOCOL-HTTP2.md of grpc/grpc. */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";

/** Codes that callers tell apart. Source: doc/statuscodes.md of grpc/grpc. */
export const GRPC_STATUS = { unknown: 2, resourceExhausted: 8, unimplemented: 12 } as const;

/** The server answered with a status other than OK. */
export class GrpcStatusError extends Error {
  override readonly name = "GrpcStatusError";
  constructor(readonly status: number, message: string) {
    super(`${message || "no message"} (gRPC status ${status})`);
  }
}

/** A connection on which calls are made one after another or side by side. */
export interface GrpcConnection extends Disposable {
  /**
   * Calls `method`, e.g. `/v1.PodResourcesLister/List`, with one encoded message, and resolves to the encoded answer.
   *
   * @throws {GrpcStatusError} when the server refuses
   * @throws the reason of `signal`
   */
  call(method: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

/** The longest answer that is read, in bytes: what kubelet's own client allows. */
const ANSWER_LIMIT = 16 * 1024 * 1024;

/**
 * Connects to the server that listens at `socketPath`.
 *
 * @throws the error of connect(2), with its `code`
 * @throws the reason of `signal`
 */
export async function connectGrpc(socketPath: string, signal: AbortSignal): Promise<GrpcConnection> {
  signal.throwIfAborted();
  const socket = connectSocket(socketPath);
  try {
    await once(socket, "connect", { signal });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
  const session = connect("http://localhost", { createConnection: () => socket });
  session.on("error", () => {}); // a broken session fails every call on it
  return {
    call: (method, request, signal) => call(session, method, request, signal),
    [Symbol.dispose]: () => session.destroy(),
  };
}

async function call(
  session: ClientHttp2Session,
  method: string,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const stream = session.request({
    ":method": "POST",
    ":path": method,
    "content-type": "application/grpc",
    "te": "trailers",
  });
  const headers: Record<string, unknown> = {};
  stream.on("response", (response) => Object.assign(headers, response));
  stream.on("trailers", (trailers) => Object.assign(headers, trailers));
  const abort = () => stream.destroy(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    stream.end(frame(request));
    const answer = await readStream(stream);
    checkStatus(headers);
    return unframe(answer);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", abort);
    stream.destroy();
  }
}

/** All that the server sends until it closes the stream. */
async function readStream(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) throw new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** The status is in the trailers, or among the headers when there is no answer at all. */
function checkStatus(headers: Readonly<Record<string, unknown>>): void {
  if (headers[":status"] !== 200) throw new Error(`HTTP status is ${headers[":status"] ?? "missing"}, must be 200`);
  const status = headers["grpc-status"];
  if (status === undefined) throw new Error("the answer ends without a gRPC status");
  if (Number(status) !== 0) {
    throw new GrpcStatusError(Number(status), decodeMessage(String(headers["grpc-message"] ?? "")));
  }
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const PREFIX = 5;

/** Puts the prefix of an uncompressed message before it: a zero and the length in four bytes. */
function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(PREFIX + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, PREFIX);
  return framed;
}

function unframe(framed: Uint8Array): Uint8Array {
  const view = new DataView(framed.buffer, framed.byteOffset, framed.length);
  const isWhole = framed.length >= PREFIX && view.getUint8(0) === 0 && view.getUint32(1) === framed.length - PREFIX;
  if (!isWhole) throw new Error("the answer is not one whole uncompressed message");
  return framed.subarray(PREFIX);
}

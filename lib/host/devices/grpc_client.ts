/** Unary gRPC calls over a Unix socket. Source: "gRPC over HTTP2", doc/PROTOCOL-HTTP2.md of grpc/grpc. */

/** Codes that callers tell apart. Source: doc/statuscodes.md of grpc/grpc. */
export const GRPC_STATUS = { unknown: 2, resourceExhausted: 8, unimplemented: 12 } as const;

/** The server answered with a status other than OK. */
export class GrpcStatusError extends Error {
  override readonly name = "GrpcStatusError";
  constructor(readonly status: number, message: string) {
    super(`${message || "no message"} (gRPC status ${status})`);
  }
}

/** One connection, made at the first call. */
export interface GrpcClient extends Disposable {
  /**
   * Calls `method`, e.g. `/v1.PodResourcesLister/List`, with an encoded message, and resolves to the encoded answer.
   *
   * @throws {GrpcStatusError} when the server refuses
   * @throws the reason of `signal`
   */
  call(method: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

/**
 * A client of the server that listens at `socketPath`.
 *
 * Deno's own fetch speaks HTTP/2 over a Unix socket and is loaded anyway, while `node:http2` takes as long to load as
 * all of danm. It shows no trailers: so this is for servers, such as those of grpc-go, that put the status of a call
 * without an answer into the headers. An answer that is whole was OK.
 */
export function grpcClient(socketPath: string): GrpcClient {
  // Deno takes an exception from proxies for one from sockets too, and there are runtimes that have one for 127.0.0.1.
  for (const name of ["NO_PROXY", "no_proxy"]) Deno.env.delete(name);
  const client = Deno.createHttpClient({ http1: false, http2: true, proxy: { transport: "unix", path: socketPath } });
  return {
    async call(method, request, signal) {
      const response = await fetch(`http://127.0.0.1${method}`, {
        client,
        method: "POST",
        headers: { "content-type": "application/grpc", te: "trailers" },
        body: frame(request),
        signal,
      });
      const answer = await response.bytes();
      checkStatus(response);
      return unframe(answer);
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function checkStatus({ status, headers }: Response): void {
  if (status !== 200) throw new Error(`HTTP status is ${status}, must be 200`);
  const grpcStatus = Number(headers.get("grpc-status") ?? 0);
  if (grpcStatus !== 0) throw new GrpcStatusError(grpcStatus, percentDecode(headers.get("grpc-message") ?? ""));
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const PREFIX_LENGTH = 5;

/** Puts the prefix of an uncompressed message before it: a zero, and the length in four bytes. */
function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(PREFIX_LENGTH + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, PREFIX_LENGTH);
  return framed;
}

function unframe(framed: Uint8Array): Uint8Array {
  const message = framed.subarray(PREFIX_LENGTH);
  const view = new DataView(framed.buffer, framed.byteOffset, framed.length);
  const isWhole = framed.length >= PREFIX_LENGTH && view.getUint8(0) === 0 && view.getUint32(1) === message.length;
  if (!isWhole) throw new Error("the answer is not one whole uncompressed message");
  return message;
}

/** Asks kubelet which devices a Pod was given. Source: k8s.io/kubelet/pkg/apis/podresources/v1/api.proto. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { PodName } from "../../api/pod.ts";
import { decodePodDevices, type PodDevices } from "./decode_pod_devices.ts";
import { GRPC_STATUS, type GrpcClient, grpcClient, GrpcStatusError } from "./grpc_client.ts";
import { pause } from "../../time/pause.ts";

/** kubelet could not be asked, or refused. */
export class PodResourcesError extends Error {
  override readonly name = "PodResourcesError";
  constructor(readonly socketPath: string, cause: unknown) {
    super(`Cannot ask kubelet at ${socketPath} for the Pod's devices: ${explain(cause)}`, { cause });
  }
}

const SERVICE = "/v1.PodResourcesLister";

/** kubelet answers 100 calls a second, 10 at once, and refuses the rest: how often, and how far apart, to try again. */
const TRIES = 50;
const LONGEST_WAIT_MS = 100;

/**
 * The devices of a Pod; none when kubelet knows none.
 *
 * @throws {PodResourcesError} naming the socket and the reason
 * @throws the reason of `signal`
 */
export async function listPodDevices(
  socketPath: string,
  pod: PodName,
  signal: AbortSignal,
): Promise<PodDevices> {
  try {
    using client = grpcClient(socketPath);
    return decodePodDevices(await getOrList(client, pod, signal), pod);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new PodResourcesError(socketPath, error);
  }
}

/**
 * `Get` came with Kubernetes 1.27, behind a gate until 1.34. Where it is missing, closed, or does not find the Pod,
 * `List` tells.
 */
async function getOrList(client: GrpcClient, pod: PodName, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await callPatiently(client, "Get", encodeGetRequest(pod), signal);
  } catch (error) {
    const isMissing = error instanceof GrpcStatusError &&
      (error.status === GRPC_STATUS.unimplemented || error.status === GRPC_STATUS.unknown);
    if (!isMissing) throw error;
    return await callPatiently(client, "List", new Uint8Array(), signal);
  }
}

/** Calls again while kubelet's rate limit refuses. */
async function callPatiently(
  client: GrpcClient,
  method: string,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  for (let tries = 1;; tries++) {
    try {
      return await client.call(`${SERVICE}/${method}`, request, signal);
    } catch (error) {
      const isRefused = error instanceof GrpcStatusError && error.status === GRPC_STATUS.resourceExhausted;
      if (!isRefused || tries === TRIES) throw error;
    }
    await pause(Math.ceil(Math.random() * LONGEST_WAIT_MS));
  }
}

function encodeGetRequest({ namespace, name }: PodName): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited).string(name)
    .tag(2, WireType.LengthDelimited).string(namespace)
    .finish();
}

/** What went wrong, in words for the administrator of the node. */
function explain(cause: unknown): string {
  const message = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause).message : String(cause);
  if (/os error 2\b/.test(message)) {
    return "there is no such socket; is kubelet running, and its directory mounted here?";
  }
  if (/os error 111\b/.test(message)) return "nothing listens at the socket; is kubelet running?";
  return message.replace(/^error sending request for url \([^)]*\): (client error \(Connect\): )?/, "");
}

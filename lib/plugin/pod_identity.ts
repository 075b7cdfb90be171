/** Which Pod a CNI call is about. */

import { isObjectName } from "../api/object_name.ts";
import { CniError, errorCode } from "../cni/error.ts";

/** A Pod as the runtime names it; `uid` is absent with runtimes that do not tell. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/**
 * Reads the Pod from CNI_ARGS, under the keys all Kubernetes runtimes use.
 *
 * @throws {CniError} `invalidEnvironment`
 */
export function readPodIdentity(args: ReadonlyMap<string, string>): PodIdentity {
  const uid = args.get("K8S_POD_UID");
  return {
    namespace: objectName(args, "K8S_POD_NAMESPACE"),
    name: objectName(args, "K8S_POD_NAME"),
    ...(uid && { uid }),
  };
}

/** The namespace of the Pod, where the runtime names one that can be. */
export function podNamespace({ args }: { readonly args: ReadonlyMap<string, string> }): string | undefined {
  const value = args.get("K8S_POD_NAMESPACE");
  return value !== undefined && isObjectName(value) ? value : undefined;
}

function objectName(args: ReadonlyMap<string, string>, key: string): string {
  const value = args.get(key);
  if (value !== undefined && isObjectName(value)) return value;
  const stated = value === undefined ? "missing" : JSON.stringify(value);
  throw new CniError(
    errorCode.invalidEnvironment,
    "Invalid environment variables",
    `${key} of CNI_ARGS is ${stated}, must be the name of a Kubernetes object`,
  );
}

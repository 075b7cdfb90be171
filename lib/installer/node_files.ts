/** The texts that are installed on a node. */

import type { ApiGroup } from "../api/resource.ts";
import { CAPABILITIES } from "../cni/capabilities.ts";
import { kubeconfigPath, type Node } from "./node.ts";
import type { Settings } from "./settings.ts";

/** How danm reaches the API server. The token is a secret. */
export interface Access {
  readonly server: string;
  /** Certificates that may sign the server's; the system's when undefined. */
  readonly caPem: string | undefined;
  readonly token: string;
}

/** A kubeconfig. In JSON, which is read several milliseconds faster than YAML, at every call of danm. */
export function kubeconfigText({ server, caPem, token }: Access): string {
  const authority = caPem === undefined
    ? {}
    : { "certificate-authority-data": new TextEncoder().encode(caPem).toBase64() };
  return encode({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "danm",
    contexts: [{ name: "danm", context: { cluster: "danm", user: "danm" } }],
    clusters: [{ name: "danm", cluster: { server, ...authority } }],
    users: [{ name: "danm", user: { token } }],
  });
}

/** The token of a kubeconfig that `kubeconfigText()` made; undefined when it did not. */
export function tokenOf(kubeconfig: string | undefined): string | undefined {
  try {
    const token: unknown = JSON.parse(kubeconfig ?? "").users[0].user.token;
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}

/**
 * danm's configuration with the kubeconfig at `kubeconfig`. It claims every capability, as the runtime hands over for no
 * other what danm's delegates may have one for. Source: CNI specification 1.1.0 §1, §3.
 */
export function configText({ danm }: Settings, apiGroup: ApiGroup, kubeconfig: string): string {
  const capabilities = Object.fromEntries(CAPABILITIES.map((name) => [name, true]));
  return encode({ name: "danm", type: "danm", kubeconfig, apiGroup, ...danm, capabilities });
}

/** Whether a file of the configuration folder was written by an installer, whatever its name and settings. */
export function isOwnConfig(text: string, node: Node): boolean {
  try {
    const { type, kubeconfig } = JSON.parse(text) ?? {};
    return type === "danm" && kubeconfig === kubeconfigPath(node);
  } catch {
    return false;
  }
}

function encode(value: object): string {
  return JSON.stringify(value, null, 2) + "\n";
}

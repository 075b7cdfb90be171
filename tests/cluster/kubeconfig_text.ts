import { stringify } from "@std/yaml";
import type { KeyPair } from "./pki.ts";

/** How a kubeconfig says who its user is. File names are relative to the kubeconfig, or absolute. */
export type KubeconfigUser =
  | { readonly certificate: KeyPair }
  | { readonly certificateFile: string; readonly keyFile: string }
  | { readonly token: string }
  | { readonly tokenFile: string };

/** A kubeconfig in YAML with one context, in `namespace` if one is given. */
export function kubeconfigText(server: string, caPem: string, user: KubeconfigUser, namespace?: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": btoa(caPem) } }],
    users: [{ name: "test", user: userFields(user) }],
    contexts: [{
      name: "test",
      context: { cluster: "test", user: "test", ...(namespace !== undefined && { namespace }) },
    }],
    "current-context": "test",
  });
}

function userFields(user: KubeconfigUser): Record<string, string> {
  if ("certificate" in user) {
    const { certPem, keyPem } = user.certificate;
    return { "client-certificate-data": btoa(certPem), "client-key-data": btoa(keyPem) };
  }
  if ("certificateFile" in user) {
    return { "client-certificate": user.certificateFile, "client-key": user.keyFile };
  }
  return user;
}

import { fromFileUrl } from "@std/path/posix";
import { parseAll } from "@std/yaml";
import { findBinary } from "../cluster/find_binary.ts";

/** What tests read of an object in a manifest. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** Of a Pod that a workload makes. */
export interface PodSpec {
  readonly serviceAccountName: string;
  readonly hostNetwork?: boolean;
  readonly containers: readonly Container[];
}

/** Of a container. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly resources?: { readonly limits?: unknown; readonly requests?: unknown };
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly runAsNonRoot?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
}

/** One rule of a role. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The path of a folder of manifests/. */
export function manifestFolder(name: string): string {
  return fromFileUrl(new URL(`../../manifests/${name}`, import.meta.url));
}

/** What `kubectl apply -k` would apply. */
export async function render(name: string): Promise<ManifestObject[]> {
  const command = new Deno.Command(await findBinary("kubectl"), { args: ["kustomize", manifestFolder(name)] });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot render ${name}: ${new TextDecoder().decode(stderr)}`);
  return parseAll(new TextDecoder().decode(stdout)) as ManifestObject[];
}

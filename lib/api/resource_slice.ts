/** Devices that drivers publish. Source: Kubernetes API, resource.k8s.io/v1 ResourceSlice. */

import type { KubeObject } from "./kube_object.ts";

export type ResourceSlice = KubeObject<"ResourceSlice", {
  readonly spec: {
    readonly driver: string;
    readonly pool: { readonly name: string; readonly generation: number };
    readonly devices?: readonly PublishedDevice[];
  };
}>;

export interface PublishedDevice {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, { readonly string?: string }>>;
}

/** Where they live. */
export const RESOURCE_SLICES = { group: "resource.k8s.io", version: "v1", plural: "resourceslices" } as const;

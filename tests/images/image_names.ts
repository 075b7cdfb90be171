import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { cacheFolder } from "../node/cache_folder.ts";

/** What has an image. That of the installer carries danm and fakeipam. */
export const COMPONENTS = ["installer", "netwatcher", "svcwatcher", "webhook", "cleaner"] as const;

/** What each image is for, in a line. */
export const SUMMARIES: Readonly<Record<typeof COMPONENTS[number], string>> = {
  installer: "Puts danm, fakeipam and their configuration on a Kubernetes node",
  netwatcher: "Keeps the VLAN and VXLAN links of a Kubernetes node in line with its DANM networks",
  svcwatcher: "Makes Kubernetes Services lead to interfaces of Pods on DANM networks",
  webhook: "Admission of DANM networks",
  cleaner: "Frees what no node cleans of DANM",
};

/** Those that work on a node, with its tools; the others only talk to the API server. */
export const ON_NODES: readonly string[] = ["installer", "netwatcher"];

/**
 * The name under which manifests know the image of a component. Its registry is none: whoever lacks the image must not ask
 * a public one for something to run with the rights of root. Source: RFC 2606 §2.
 */
export function imageName(component: string): string {
  return `registry.invalid/danm/${component}:${PRODUCT_VERSION}`;
}

/** Where the builder keeps layers and images. */
export function imageStorage(): string {
  return `${cacheFolder()}/image-storage`;
}

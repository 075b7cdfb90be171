import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { cacheFolder } from "../node/cache_folder.ts";

/** What has an image. That of the installer carries danm and fakeipam. */
export const COMPONENTS = ["installer", "netwatcher", "svcwatcher", "webhook", "cleaner"] as const;

/** The name under which manifests know the image of a component, as containerd completes it. */
export function imageName(component: string): string {
  return `docker.io/danm/${component}:${PRODUCT_VERSION}`;
}

/** Where the builder keeps layers and images. */
export function imageStorage(): string {
  return `${cacheFolder()}/image-storage`;
}

/** Images by their digests, in manifests. */

/** What index.json of an OCI archive says, as far as it is read here. Source: OCI image specification 1.1, image index. */
interface ImageIndex {
  readonly manifests: readonly { readonly digest: string }[];
}

/** The digest of the one image of an archive. */
export function manifestDigest({ manifests }: ImageIndex): string {
  const [image, another] = manifests;
  if (image === undefined || another !== undefined) {
    throw new Error(`Cannot name the image: the archive has ${manifests.length}, must have one`);
  }
  return image.digest;
}

/**
 * A manifest in which those of `digests` have their digest, too.
 *
 * @param digests by name and tag, e.g. `danm/webhook:1.2.3`
 */
export function withDigests(manifest: string, digests: ReadonlyMap<string, string>): string {
  return manifest.replace(/^(\s*(?:- )?image: )(\S+)$/gm, (line, start, image) => {
    const digest = digests.get(image);
    return digest === undefined ? line : `${start}${image}@${digest}`;
  });
}

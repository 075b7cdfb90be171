/**
 * What danm adds to the environment of every program it starts, beside the variables of its own call: when danm is
 * killed these programs go on, and by this whoever cleans up after it finds them.
 *
 * @param attachment its key, where the variables of the call may be those of another plugin's
 */
export function childMarker(attachment = "1"): { readonly DANM_CHILD: string } {
  return { DANM_CHILD: attachment };
}

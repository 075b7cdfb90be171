/**
 * What danm adds to the environment of every program it starts, beside the variables of its own call: when danm is
 * killed these programs go on, and by this whoever cleans up after it finds them.
 */
export const childMarker = { DANM_CHILD: "1" } as const;

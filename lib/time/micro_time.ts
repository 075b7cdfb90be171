/** `epochMs`, milliseconds since the epoch, as Kubernetes writes MicroTime. Source: Kubernetes API, meta/v1 MicroTime. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}

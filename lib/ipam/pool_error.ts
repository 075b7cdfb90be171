import type { Network } from "../api/network.ts";

/** A network's pool that makes no sense; `field` is under `spec.Options`. */
export class PoolError extends Error {
  override readonly name = "PoolError";
  constructor(network: Network, readonly field: string, readonly value: string, readonly allowed: string) {
    const { name, namespace } = network.metadata;
    super(
      `Cannot use the pool of ${network.kind} ${namespace ? `${namespace}/` : ""}${name}: ` +
        `spec.Options.${field} is ${JSON.stringify(value)}, must be ${allowed}`,
    );
  }
}

/** Detaching the interfaces of a container in parallel, each as far as it goes. */

import type { Log } from "../host/serving/log.ts";
import { messageOf } from "./to_cni_error.ts";

/** One interface to detach. */
export interface Detachment {
  /** Its name in the Pod. */
  readonly name: string;
  detach(): Promise<void>;
}

/** Every reason why a container could not be detached completely; a repetition goes on where this one stopped. */
export class DetachError extends AggregateError {
  override readonly name = "DetachError";
  constructor(failures: readonly { readonly name: string; readonly reason: unknown }[]) {
    const lines = failures.map(({ name, reason }) => `interface ${name}: ${messageOf(reason)}`);
    super(failures.map(({ reason }) => reason), ["CNI network could not be removed: ", ...lines].join("\n"));
  }
}

/**
 * Detaches all, with a line in the log for each.
 *
 * @throws {DetachError} with a line for every interface of which something is left
 */
export async function detachAll(log: Log, detachments: readonly Detachment[]): Promise<void> {
  const outcomes = await Promise.all(detachments.map(async ({ name, detach }) => {
    const started = performance.now();
    const fields = () => ({ interface: name, ms: Math.round(performance.now() - started) });
    try {
      await detach();
      log.write("info", "detached", fields());
      return [];
    } catch (reason) {
      log.write("warning", "not detached", { ...fields(), reason: messageOf(reason) });
      return [{ name, reason }];
    }
  }));
  const failures = outcomes.flat();
  if (failures.length > 0) throw new DetachError(failures);
}

/** Detaching the interfaces of a container in parallel, each as far as it goes. */

import { circular } from "../attach/link_order.ts";
import type { Log } from "../host/serving/log.ts";
import { runInOrder } from "./run_in_order.ts";
import { messageOf } from "./to_cni_error.ts";

/** One interface to detach. */
export interface Detachment {
  /** Its name in the Pod. */
  readonly name: string;
  /** Names of others that it is made on or of, so that it goes before them. */
  readonly needs: readonly string[];
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
 * Detaches all, with a line in the log for each. An interface whose users could not be removed stays: they cannot be
 * removed properly without it.
 *
 * @throws {DetachError} with a line for every interface of which something is left
 */
export async function detachAll(log: Log, detachments: readonly Detachment[]): Promise<void> {
  const stuck = circular(detachments); // only where files have changed since
  const outcomes = await runInOrder(
    detachments,
    ({ name }) => detachments.filter((user) => user.needs.includes(name) && !stuck.has(user.name)),
    async ({ name, detach }) => {
      const started = performance.now();
      const fields = () => ({ interface: name, ms: Math.round(performance.now() - started) });
      try {
        await detach();
        log.write("info", "detached", fields());
      } catch (reason) {
        log.write("warning", "not detached", { ...fields(), reason: messageOf(reason) });
        throw reason;
      }
    },
  );
  const failures = outcomes.flatMap((outcome, place) =>
    outcome.status === "rejected" ? [{ name: detachments[place]!.name, reason: outcome.reason }] : []
  );
  if (failures.length > 0) throw new DetachError(failures);
}

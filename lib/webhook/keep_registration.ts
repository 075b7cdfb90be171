/** Keeps a webhook configuration of the API server as it must be. */

import type { ObjectMeta } from "../api/kube_object.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isConflict, isNotFound, KubeError } from "../kube/client/kube_error.ts";
import type { Registration, RegistrationKind } from "./registration.ts";

const PLURALS: Readonly<Record<RegistrationKind, string>> = {
  MutatingWebhookConfiguration: "mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration: "validatingwebhookconfigurations",
};

/** A configuration as it is. Of its webhooks nothing is known but that each has a name. */
interface Stored {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
}

/**
 * Brings the configuration in line with `wanted`, and writes only when it is not. What else an administrator has put into
 * it stays. It comes with the manifests and without an authority, so that nothing gets in before a webhook answers; to
 * make it anew needs a right that the webhook is not shipped with.
 *
 * @throws {Error} when it is missing and may not be made
 */
export async function keepRegistration(kube: KubeClient, wanted: Registration, signal: AbortSignal): Promise<void> {
  const { kind, metadata: { name } } = wanted;
  const collection = { group: "admissionregistration.k8s.io", version: "v1", plural: PLURALS[kind] };
  for (;;) {
    try {
      const stored = await kube.get<Stored>({ ...collection, name }, { signal });
      const webhooks = wanted.webhooks.map((webhook) => merged(webhook, stored));
      if (contains(stored.webhooks, webhooks)) return;
      const body = { metadata: { resourceVersion: stored.metadata.resourceVersion }, webhooks };
      await kube.patch({ ...collection, name }, { type: "merge", body }, { signal });
      return;
    } catch (error) {
      if (isConflict(error)) continue; // another replica was faster: perhaps all is well
      if (!isNotFound(error)) throw error;
      await kube.create(collection, wanted, { signal }).catch((reason) => {
        if (!(reason instanceof KubeError) || reason.status !== 403) throw reason;
        throw new Error(`Cannot register: ${kind} ${name} is missing, must be applied with the webhook's manifests`);
      });
      return;
    }
  }
}

/** A webhook as wanted, with what the stored one of its name has besides, the authorities included. */
function merged(webhook: Registration["webhooks"][number], { webhooks = [] }: Stored): object {
  const before = webhooks.find(({ name }) => name === webhook.name);
  const caBundle = webhook.clientConfig.caBundle ?? before?.clientConfig?.caBundle;
  return {
    ...before,
    ...webhook,
    clientConfig: { ...webhook.clientConfig, ...(caBundle !== undefined && { caBundle }) },
  };
}

/** Whether `value` has all that `part` has; lists are as long, and in the same order. */
function contains(value: unknown, part: unknown): boolean {
  if (typeof part !== "object" || part === null) return value === part;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(part) && (!Array.isArray(value) || value.length !== part.length)) return false;
  return Object.entries(part).every(([key, item]) => contains((value as Record<string, unknown>)[key], item));
}

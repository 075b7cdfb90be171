import type { PolicyKind } from "../../../api/network_policy.ts";
import type { Informer } from "../../../kube/watch/informer.ts";
import type { Identified } from "../../../kube/watch/follow_collection.ts";
import { POLICY_RESOURCES } from "../../../plugin/policies/read_policies.ts";
import { type Policy, type PolicyView, viewPolicy } from "../../../policy/policy_view.ts";
import { identityOf } from "../../../api/kube_object.ts";
import type { Daemon } from "../../daemon.ts";
import { watchResource } from "../../watch_resource.ts";

/** A policy as it is kept. */
export interface KeptPolicy extends Identified {
  readonly view: PolicyView;
}

/** Follows both kinds of policy, whichever are installed, now or later. */
export function followPolicies(daemon: Daemon, changed: () => void): Informer<KeptPolicy>[] {
  const kinds = Object.entries(POLICY_RESOURCES) as [PolicyKind, typeof POLICY_RESOURCES[PolicyKind]][];
  return kinds.map(([kind, resource]) =>
    watchResource<Policy, KeptPolicy>(daemon, {
      resource,
      transform: (policy) => ({ metadata: identityOf(policy.metadata), view: viewPolicy({ ...policy, kind }) }),
    }, changed)
  );
}

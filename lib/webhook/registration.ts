/** How the API server is told of the webhook. Source: Kubernetes API, admissionregistration.k8s.io/v1. */

import { Buffer } from "node:buffer";
import { API_VERSION, type ApiGroup, type Kind, resourceFor } from "../api/resource.ts";
import { vniWaitAnnotation } from "../api/vni_wait.ts";
import { protectionFinalizer } from "./protect_networks.ts";

/** Where the API server reaches the webhook. */
export type Endpoint = { readonly url: string } | { readonly namespace: string; readonly name: string };

/** One rule of the API server's for whether to call. */
interface Condition {
  readonly name: string;
  readonly expression: string;
}

const NETWORKS: readonly Kind[] = ["DanmNet", "TenantNetwork", "ClusterNetwork"];

/** Users that empty namespaces. The finalizer keeps a network that has Pods, so they need not be refused. */
const NAMESPACE_CONTROLLERS = [
  "system:serviceaccount:kube-system:namespace-controller",
  "system:kube-controller-manager",
];

/** What a configuration can be of. */
export type RegistrationKind = "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";

/** A configuration. */
export interface Registration {
  readonly apiVersion: string;
  readonly kind: RegistrationKind;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly webhooks: readonly Webhook[];
}

/** As far as anybody looks into it. */
interface Webhook {
  readonly name: string;
  /** Without `caBundle` nobody is trusted: whatever the API server would ask about is refused. */
  readonly clientConfig: { readonly caBundle?: string };
  readonly reinvocationPolicy?: string;
}

/**
 * The two configurations. Without `authoritiesPem` somebody else says whom to trust; those that are shipped are so, and
 * keep everything out until the webhook has written it.
 */
export function registrations(
  endpoint: Endpoint,
  group: ApiGroup,
  authoritiesPem: string | undefined,
): readonly Registration[] {
  const annotation = `object.metadata.?annotations[?'${vniWaitAnnotation(group)}']`;
  const isChanged = `object.spec != oldObject.spec || ${annotation} != ${annotation.replace("object", "oldObject")}`;
  const hasFinalizer = `object.metadata.?finalizers.orValue([]).exists(f, f == '${protectionFinalizer(group)}')`;
  const loses = `!has(object.metadata.deletionTimestamp) && !${hasFinalizer}`;
  const differs = (field: string) => `object.?${field} != oldObject.?${field}`;
  const users = NAMESPACE_CONTROLLERS.map((user) => `'${user}'`).join(", ");
  const common = { endpoint, group, authoritiesPem };
  return [
    configuration("MutatingWebhookConfiguration", group, [{
      ...webhook("mutate.networks", "/mutate", NETWORKS, ["CREATE", "UPDATE"], common, [
        whenUpdated(`${isChanged} || ${loses}`),
      ]),
      reinvocationPolicy: "Never", // a second call would refuse the number that the first one showed in a dry run
    }]),
    configuration("ValidatingWebhookConfiguration", group, [
      webhook("validate.networks", "/validate", NETWORKS, ["CREATE", "UPDATE", "DELETE"], common, [
        whenUpdated(isChanged),
        {
          name: "not-a-namespace-being-emptied",
          expression: `request.operation != 'DELETE' || !(request.userInfo.username in [${users}])`,
        },
      ]),
      webhook("validate.tenantconfigs", "/validate", ["TenantConfig"], ["CREATE", "UPDATE", "DELETE"], common, [
        whenUpdated(`${differs("hostDevices")} || ${differs("networkIds")}`),
      ]),
    ]),
  ];
}

/** The name of both configurations. */
export function registrationName(group: ApiGroup): string {
  return `webhook.${group}`;
}

function configuration(kind: RegistrationKind, group: ApiGroup, webhooks: readonly Webhook[]): Registration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: {
      name: registrationName(group),
      labels: { "app.kubernetes.io/name": "danm-webhook", "app.kubernetes.io/part-of": "danm" },
    },
    webhooks,
  };
}

interface Common {
  readonly endpoint: Endpoint;
  readonly group: ApiGroup;
  readonly authoritiesPem: string | undefined;
}

function webhook(
  name: string,
  path: string,
  kinds: readonly Kind[],
  operations: readonly string[],
  { endpoint, group, authoritiesPem }: Common,
  matchConditions: readonly Condition[],
) {
  const resources = kinds.map((kind) => resourceFor(kind, group).plural);
  const place = "url" in endpoint ? { url: `${endpoint.url}${path}` } : { service: { ...endpoint, path, port: 443 } };
  return {
    name: `${name}.${group}`,
    admissionReviewVersions: ["v1"],
    clientConfig: {
      ...place,
      ...(authoritiesPem !== undefined && { caBundle: Buffer.from(authoritiesPem).toString("base64") }),
    },
    rules: [{ apiGroups: [group], apiVersions: [API_VERSION], operations, resources, scope: "*" }],
    matchPolicy: "Equivalent",
    failurePolicy: "Fail", // nothing wrong gets in; Pods do not wait for this webhook
    sideEffects: "None",
    timeoutSeconds: 10,
    matchConditions,
  };
}

/** An update that leaves alone what the webhook looks at is none of its business. */
function whenUpdated(changed: string): Condition {
  return { name: "changes-something", expression: `request.operation != 'UPDATE' || ${changed}` };
}

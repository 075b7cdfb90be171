/** Whether DANM's own parts are well: its DaemonSets and Deployments, and the webhook that guards networks. */

import { X509Certificate } from "node:crypto";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import type { KubeObject } from "../api/kube_object.ts";
import { isNotFound } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import type { Finding } from "../view/findings.ts";
import { isForbidden, type Reading } from "./read_snapshot.ts";

/** A DaemonSet or Deployment, as far as it is looked at. Source: Kubernetes API, apps/v1. */
type Workload = KubeObject<string, {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
  };
}>;

type Configuration = KubeObject<string, {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
}>;

/** How long before its end a certificate is told of. */
const WARN_DAYS = 14;
const DAY_MS = 86_400_000;

/** What was found, and what could not be looked at. */
export interface InstallationCheck {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** Looks at everything that carries DANM's label, wherever it was installed. */
export async function checkInstallation(reading: Reading): Promise<InstallationCheck> {
  const notes: string[] = [];
  const part = async (what: string, look: () => Promise<Finding[]>) => {
    try {
      return await look();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      notes.push(`Your rights do not show ${what}`);
      return [];
    }
  };
  const found = await Promise.all([
    part("DaemonSets of DANM", () => checkWorkloads(reading, "daemonsets", "DaemonSet")),
    part("Deployments of DANM", () => checkWorkloads(reading, "deployments", "Deployment")),
    part("the registration of the webhook", () => checkWebhook(reading)),
  ]);
  return { findings: found.flat(), notes };
}

async function checkWorkloads({ kube, signal }: Reading, plural: string, kind: string): Promise<Finding[]> {
  const ref = { group: "apps", version: "v1", plural };
  const workloads = await listAll<Workload>(kube, ref, { labelSelector: "app.kubernetes.io/part-of=danm", signal });
  return workloads.flatMap(({ metadata: { namespace, name }, spec, status = {} }) => {
    const object = `${kind}/${namespace}/${name}`;
    const wanted = status.desiredNumberScheduled ?? status.replicas ?? 0;
    const ready = status.numberReady ?? status.readyReplicas ?? 0;
    const others = spec.template.spec.containers.map(({ image }) => versionOf(image))
      .filter((version) => version !== undefined && version !== PRODUCT_VERSION);
    const advice = `kubectl -n ${namespace} describe ${plural} ${name} says why`;
    return [
      ...(ready < wanted ? [{ object, problem: `${ready} of ${wanted} Pods are ready`, advice }] : []),
      ...(others.length > 0
        ? [{
          object,
          problem: `it runs version ${others[0]}, this is ${PRODUCT_VERSION}`,
          advice: "apply the manifests of one version",
        }]
        : []),
    ];
  });
}

/** The tag of an image that has one, e.g. `danm/webhook:1.0.0@sha256:...`. */
function versionOf(image: string): string | undefined {
  return /:([^:/@]+)(@|$)/.exec(image)?.[1];
}

async function checkWebhook({ kube, group, signal }: Reading): Promise<Finding[]> {
  const plural = "mutatingwebhookconfigurations";
  const ref = { group: "admissionregistration.k8s.io", version: "v1", plural, name: `webhook.${group}` };
  const object = `MutatingWebhookConfiguration/${ref.name}`;
  try {
    const { webhooks = [] } = await kube.get<Configuration>(ref, { signal });
    const problems = new Set(webhooks.flatMap(({ clientConfig }) => certificateProblem(clientConfig?.caBundle) ?? []));
    return [...problems].map((problem) => ({
      object,
      problem,
      advice: "the webhook's leading replica renews it; look at its log",
    }));
  } catch (error) {
    if (isNotFound(error)) return []; // danm works without the webhook
    throw error;
  }
}

function certificateProblem(bundle: string | undefined): string | undefined {
  if (!bundle) return "no replica has written yet whom to trust, so that every change of a network is refused";
  const ends = [...atob(bundle).matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)]
    .map(([pem]) => Date.parse(new X509Certificate(pem).validTo));
  const left = Math.floor((Math.max(...ends) - Date.now()) / DAY_MS);
  return left < WARN_DAYS ? `the webhook's certificate authority ends in ${left} days` : undefined;
}

/** webhook: refuses wrong networks and completes right ones. */

import { Counter, Histogram } from "prom-client";
import type { Network, NetworkKind } from "../api/network.ts";
import { resourceFor } from "../api/resource.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { describeObjection } from "../admit/rule.ts";
import { schemaCheck, type UserKind } from "../admit/schema_objection.ts";
import type { Daemon, DaemonProgram } from "../controller/daemon.ts";
import { addressFlag, booleanFlag, type Flag, textFlag } from "../controller/flag.ts";
import { createLeadership } from "../controller/leadership.ts";
import { runTogether } from "../controller/run_together.ts";
import { watchResource } from "../controller/watch_resource.ts";
import type { Change } from "../kube/watch/object_cache.ts";
import { pause } from "../time/pause.ts";
import { type AdmissionObserver, createAdmissionApp, type Reviewer } from "./admission_app.ts";
import { denied, ReviewError, type Verdict } from "./admission_review.ts";
import { type CertificateSource, keepRegistered } from "./keep_registered.ts";
import { mutateNetwork } from "./mutate_network.ts";
import { networkKey, protectionController, vniController, waitController } from "./network_controllers.ts";
import type { Endpoint } from "./registration.ts";
import { createSurroundings, type NetworkCaches, type Surroundings } from "./surroundings.ts";
import { openTlsFront, type ServingPair } from "./tls_front.ts";
import { validateNetwork } from "./validate_network.ts";
import { validateTenantConfig } from "./validate_tenant_config.ts";

/** How long a replica goes on serving after SIGTERM, until nobody sends it requests by the Service any more. */
const DRAIN_MS = 3000;

/** How long a network may wait for its number before an Event says so, in milliseconds. */
const WAIT_NOTICE_MS = 2000;

const FLAGS = {
  listen: addressFlag("where to serve HTTPS", { hostname: "", port: 8443 }),
  url: urlFlag("register under this URL instead of the Service, for a webhook outside the cluster"),
  service: serviceFlag("the Service to register; in the webhook's own namespace danm-webhook"),
  certFile: textFlag("FILE", "certificate to serve with; without it the webhook makes its own", undefined),
  keyFile: textFlag("FILE", "private key of --cert-file", undefined),
  register: booleanFlag("create and keep the two webhook configurations", true),
};

type WebhookFlags = { readonly [Name in keyof typeof FLAGS]: (typeof FLAGS)[Name]["fallback"] };

/** The program. */
export const webhookProgram: DaemonProgram<typeof FLAGS> = {
  name: "webhook",
  summary: "admits networks and TenantConfigs to the API server",
  metricsPort: 9115,
  flags: FLAGS,
  run: runWebhook,
};

async function runWebhook(daemon: Daemon, flags: WebhookFlags, signal: AbortSignal): Promise<void> {
  const { kube, apiGroup: group, log, health } = daemon;
  const endpoint: Endpoint = flags.url !== undefined
    ? { url: flags.url }
    : flags.service ?? { namespace: daemon.namespace, name: "danm-webhook" };
  const source = sourceOf(flags, endpoint, daemon.namespace);
  const leadership = createLeadership(daemon, true);
  const caches = watchNetworks(daemon, (change) => changed(change));
  const configs = watchResource(daemon, { resource: resourceFor("TenantConfig", group) }, () => vnis.changed());
  const surroundings = createSurroundings(kube, group, caches);
  const protection = protectionController(daemon, surroundings, caches);
  const waits = waitController(daemon, caches);
  const vnis = vniController(daemon, leadership.kube, surroundings);

  function changed({ before, after }: Change<Network>): void {
    const network = after ?? before!;
    const key = networkKey(network);
    vnis.changed();
    if (after === undefined) return;
    protection.add(key);
    if (awaitedVni(after.metadata)) waits.addAfter(key, WAIT_NOTICE_MS);
  }

  const app = createAdmissionApp({ reviewers: reviewers(surroundings), log, observer: observer(daemon) });
  let isServing = false;
  health.addReadiness("certificate", () => isServing ? undefined : "certificate and registration are not in place yet");
  const keeping = {
    kube,
    group,
    log,
    source,
    open: (pair: ServingPair) => openTlsFront(flags.listen, pair, (request) => app.fetch(request)),
    endpoint: flags.register ? endpoint : undefined,
    succeeded: () => void (isServing = true),
    drained: () => pause("name" in endpoint ? DRAIN_MS : 0, new AbortController().signal),
  };
  await runTogether([
    ...Object.values(caches).map(({ run }) => run),
    configs.run,
    protection.run,
    waits.run,
    (signal) => leadership.run(vnis.run, signal),
    (signal) => keepRegistered(keeping, signal),
  ], signal);
}

function watchNetworks(daemon: Daemon, changed: (change: Change<Network>) => void): NetworkCaches {
  const watch = (kind: NetworkKind) =>
    watchResource<Network>(daemon, {
      resource: resourceFor(kind, daemon.apiGroup),
      transform: (object) => ({ ...withoutBitmaps(object), kind }) as Network,
    }, changed);
  return { DanmNet: watch("DanmNet"), TenantNetwork: watch("TenantNetwork"), ClusterNetwork: watch("ClusterNetwork") };
}

/** The original system's bitmaps may be of a megabyte, and no verdict needs those of other networks. */
function withoutBitmaps(network: Network): Network {
  if (network.spec.Options === undefined) return network;
  const { alloc: _, alloc6: __, ...Options } = network.spec.Options;
  return { ...network, spec: { ...network.spec, Options } };
}

function reviewers(surroundings: Surroundings): Readonly<Record<string, Reviewer>> {
  const check = schemaCheck(surroundings.group);
  const served = (
    byKind: Partial<Record<UserKind, (...args: Parameters<Reviewer>) => Promise<Verdict>>>,
  ): Reviewer =>
  async (request, signal) => {
    const { group, kind } = request.kind;
    const review = group === surroundings.group ? byKind[kind as UserKind] : undefined;
    if (review === undefined) throw new ReviewError(`Cannot judge ${kind} of ${group}: must be one of DANM's kinds`);
    const objection = request.operation === "DELETE" ? undefined : check(kind as UserKind, request.object);
    if (objection) return denied(`Cannot use ${kind} ${request.name}: ${describeObjection(objection)}`);
    return await review(request, signal);
  };
  const validate: Reviewer = (request, signal) => validateNetwork(surroundings, request, signal);
  const mutate: Reviewer = (request, signal) => mutateNetwork(surroundings, request, signal);
  const config: Reviewer = (request, signal) => validateTenantConfig(surroundings, request, signal);
  return {
    "/validate": served({
      DanmNet: validate,
      TenantNetwork: validate,
      ClusterNetwork: validate,
      TenantConfig: config,
    }),
    "/mutate": served({ DanmNet: mutate, TenantNetwork: mutate, ClusterNetwork: mutate }),
  };
}

function observer({ registry, log }: Daemon): AdmissionObserver {
  const reviews = new Counter({
    name: "danm_webhook_reviews_total",
    help: "Requests that were judged",
    labelNames: ["path", "kind", "operation", "allowed"] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "danm_webhook_review_seconds",
    help: "Time of one verdict",
    labelNames: ["path"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  });
  return {
    reviewed(path, { kind: { kind }, operation, namespace, name, userInfo }, verdict, ms) {
      const { allowed } = verdict;
      reviews.inc({ path, kind, operation, allowed: String(allowed) });
      seconds.observe({ path }, ms / 1000);
      if (verdict.allowed) return;
      const { message } = verdict;
      log.write("info", "denied", { path, kind, operation, namespace, name, user: userInfo.username, why: message });
    },
  };
}

function sourceOf({ certFile, keyFile }: WebhookFlags, endpoint: Endpoint, namespace: string): CertificateSource {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile !== undefined || keyFile !== undefined) {
    throw new Error("Cannot serve HTTPS: --cert-file and --key-file need each other");
  }
  const secret = { namespace, name: "danm-webhook" };
  if ("url" in endpoint) {
    return { secret, names: [new URL(endpoint.url).hostname.replace(/^\[(.*)\]$/, "$1")] };
  }
  const host = `${endpoint.name}.${endpoint.namespace}.svc`;
  return { secret, names: [host, `${host}.cluster.local`] };
}

function urlFlag(help: string): Flag<string | undefined> {
  return {
    placeholder: "https://HOST:PORT",
    help,
    fallback: undefined,
    parse(text) {
      const url = URL.parse(text);
      if (url?.protocol !== "https:" || url.search !== "" || url.hash !== "" || url.username !== "") {
        throw new Error("must be https://HOST:PORT");
      }
      return url.href.replace(/\/$/, "");
    },
  };
}

function serviceFlag(help: string): Flag<{ readonly namespace: string; readonly name: string } | undefined> {
  return {
    placeholder: "NAMESPACE/NAME",
    help,
    fallback: undefined,
    parse(text) {
      const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(text) ?? [];
      if (namespace === undefined || name === undefined) throw new Error("must be NAMESPACE/NAME");
      return { namespace, name };
    },
  };
}

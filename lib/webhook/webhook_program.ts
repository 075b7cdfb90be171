/** webhook: refuses wrong networks and completes right ones. */

import { Counter, Histogram } from "prom-client";
import type { Network, NetworkKind } from "../api/network.ts";
import { resourceFor } from "../api/resource.ts";
import { describeObjection } from "../admit/rule.ts";
import { schemaCheck, type UserKind } from "../admit/schema_objection.ts";
import { vniOwnerAnnotation } from "../admit/vni_owner.ts";
import { createController } from "../controller/controller.ts";
import type { Daemon, DaemonProgram } from "../controller/daemon.ts";
import { addressFlag, booleanFlag, type Flag, textFlag } from "../controller/flag.ts";
import { runTogether } from "../controller/run_together.ts";
import { watchResource } from "../controller/watch_resource.ts";
import type { WorkQueue } from "../controller/work_queue.ts";
import { pause } from "../time/pause.ts";
import type { Change } from "../kube/watch/object_cache.ts";
import { type AdmissionObserver, createAdmissionApp, type Reviewer } from "./admission_app.ts";
import { denied, ReviewError, type Verdict } from "./admission_review.ts";
import { type CertificateSource, keepRegistered } from "./keep_registered.ts";
import { mutateNetwork } from "./mutate_network.ts";
import { protectNetwork } from "./protect_networks.ts";
import { publishUsage } from "./publish_usage.ts";
import type { Endpoint } from "./registration.ts";
import { createSurroundings, type NetworkCaches, type Surroundings } from "./surroundings.ts";
import { sweepVnis } from "./sweep_vnis.ts";
import { openTlsFront } from "./tls_front.ts";
import { validateNetwork } from "./validate_network.ts";
import { validateTenantConfig } from "./validate_tenant_config.ts";

/** How long a replica goes on serving after SIGTERM, until nobody sends it requests by the Service any more. */
const DRAIN_MS = 3000;

const SWEEP_EVERY_MS = 300_000;

/** How long after a change the numbers in use are counted: many changes come together. */
const USAGE_AFTER_MS = 1000;

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
  metricsPort: 9443,
  flags: FLAGS,
  run: runWebhook,
};

async function runWebhook(daemon: Daemon, flags: WebhookFlags, signal: AbortSignal): Promise<void> {
  const { kube, apiGroup: group, log, health } = daemon;
  const endpoint: Endpoint = flags.url !== undefined
    ? { url: flags.url }
    : flags.service ?? { namespace: daemon.namespace, name: "danm-webhook" };
  const source = sourceOf(flags, endpoint, daemon.namespace);
  const gone = new Set<string>();
  const caches = watchNetworks(daemon, (change) => changed(change));
  const surroundings = createSurroundings(kube, group, caches);
  const protection = protectionController(daemon, surroundings, caches);
  const vnis = vniController(daemon, surroundings, gone);
  const ownerKey = vniOwnerAnnotation(group);

  function changed({ before, after }: Change<Network>): void {
    const network = after ?? before!;
    if (network.kind === "TenantNetwork") vnis.addAfter("usage", USAGE_AFTER_MS);
    if (after) return protection.add(networkKey(network));
    const owner = network.metadata.annotations?.[ownerKey];
    if (owner === undefined) return;
    gone.add(owner);
    vnis.add("sweep");
  }

  const app = createAdmissionApp({ reviewers: reviewers(surroundings), log, observer: observer(daemon) });
  let isServing = false;
  health.addReadiness("certificate", () => isServing ? undefined : "certificate and registration are not in place yet");
  await using front = openTlsFront(flags.listen, (request) => app.fetch(request));
  const succeeded = () => void (isServing = true);
  const registered = flags.register ? endpoint : undefined;
  await runTogether([
    ...Object.values(caches).map(({ run }) => run),
    protection.run,
    vnis.run,
    (signal) => keepRegistered({ kube, group, log, front, source, endpoint: registered, succeeded }, signal),
  ], signal);
  if ("name" in endpoint) await pause(DRAIN_MS, new AbortController().signal);
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

function protectionController(daemon: Daemon, surroundings: Surroundings, caches: NetworkCaches): WorkQueue {
  return createController(daemon, {
    name: "protection",
    caches: () => Object.values(caches),
    async reconcile(key, signal) {
      const [kind = "", ...rest] = key.split(" ");
      const network = caches[kind as NetworkKind].get(rest.join(" "));
      return network ? await protectNetwork(daemon.kube, surroundings, network, signal) : {};
    },
  });
}

function networkKey({ kind, metadata: { namespace, name } }: Network): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** Two keys: `sweep` releases numbers, `usage` tells how many are in use. */
function vniController(
  { kube, apiGroup, log, meters }: Daemon,
  surroundings: Surroundings,
  gone: Set<string>,
): WorkQueue {
  return createController({ log, meters }, {
    name: "vnis",
    caches: () => [],
    workers: 1,
    resync: { everyMs: SWEEP_EVERY_MS, keys: () => ["sweep", "usage"] },
    async reconcile(key, signal) {
      if (key === "usage") return await publishUsage(kube, apiGroup, surroundings, signal);
      const owners = new Set(gone);
      const released = await sweepVnis(kube, apiGroup, owners, signal);
      for (const owner of owners) gone.delete(owner);
      if (released > 0) log.write("info", "released VLAN and VXLAN numbers", { released });
    },
  });
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

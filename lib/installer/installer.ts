/** installer: puts danm, fakeipam and all they need on its node, and keeps it there. */

import { Counter, Gauge } from "prom-client";
import type { Daemon, DaemonProgram } from "../controller/daemon.ts";
import { booleanFlag, type Flag, type FlagValues, textFlag } from "../controller/flag.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { readIfThere } from "../host/files/read_if_there.ts";
import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import { pause } from "../time/pause.ts";
import { type ConfigTakenError, createConfigClaim } from "./config_claim.ts";
import { install } from "./install.ts";
import { kubeconfigPath, type Node, seenFrom } from "./node.ts";
import { type Access, tokenOf } from "./node_files.ts";
import { type Payload, readPayload } from "./payload.ts";
import { readSettings, type Settings } from "./settings.ts";
import { renewalTime, requestToken } from "./token.ts";
import { createTokenSource } from "./token_source.ts";
import { uninstall } from "./uninstall.ts";

/** How often to look at settings and node. That costs a few small files. */
const RESYNC_MS = 2000;

/** How often to try the plugins although nothing has changed: that shows whether their token is still good. */
const TRIAL_MS = 120_000;

/** A trial costs half a second: less often where it fails. */
const RETRY: BackoffLimits = { firstMs: 1000, maxMs: 15_000 };

/** danm's service account, in the installer's namespace. */
const SERVICE_ACCOUNT = "danm";

type InstallerFlags = ReturnType<typeof flagTable>;

/** @param nodeName name of the Node that danm's token ends with, unless a flag says otherwise */
export function installer(nodeName: string | undefined): DaemonProgram<InstallerFlags> {
  return {
    name: "installer",
    summary: "puts danm, fakeipam and their configuration on its node, and keeps them there",
    metricsPort: 9113,
    onEveryNode: true,
    flags: flagTable(nodeName),
    run: runInstaller,
  };
}

function flagTable(nodeName: string | undefined) {
  return {
    sourceDir: pathFlag("where danm and fakeipam are to be taken from", "/usr/lib/danm"),
    settingsDir: pathFlag("where the ConfigMap of settings is mounted", "/etc/danm"),
    hostRoot: pathFlag("where the root of the node's files is mounted", "/"),
    pluginDir: pathFlag("the node's folder of CNI plugins", "/opt/cni/bin"),
    configDir: pathFlag("the node's folder of CNI configurations", "/etc/cni/net.d"),
    runtimeDir: pathFlag("the node's folder for what is DANM's alone", "/opt/danm"),
    nodeName: textFlag("NAME", "the Node that danm's token ends with", nodeName),
    uninstall: booleanFlag("remove it all, once no container of the node needs it any more", false),
  };
}

function pathFlag(help: string, fallback: string): Flag<string> {
  return {
    ...textFlag("FOLDER", help, fallback),
    parse(text) {
      if (!text.startsWith("/")) throw new Error("must be absolute");
      return text.replace(/(.)\/+$/, "$1");
    },
  };
}

async function runInstaller(daemon: Daemon, flags: FlagValues<InstallerFlags>, signal: AbortSignal): Promise<void> {
  const node: Node = {
    root: flags.hostRoot,
    pluginDir: flags.pluginDir,
    configDir: flags.configDir,
    runtimeDir: flags.runtimeDir,
  };
  const settings = async () => readSettings(await readValues(flags.settingsDir));
  const goal = flags.uninstall ? "uninstall" : "install";
  let problem: string | undefined = "it has not finished yet";
  daemon.health.addReadiness(goal, () => problem);
  const look = flags.uninstall
    ? async (signal: AbortSignal) => tell(daemon, "removed", await uninstall(node, await settings(), signal))
    : createInstallation(daemon, node, await readPayload(flags.sourceDir, node), flags.nodeName, settings);
  const failed = new Counter({
    name: "danm_installer_failures_total",
    help: "Looks at the node that ended with a failure",
    registers: [daemon.registry],
  });
  for (let failures = 0; !signal.aborted;) {
    let waitMs = RESYNC_MS;
    try {
      await look(signal);
      if (problem !== undefined) daemon.log.write("info", `${goal}ed`);
      problem = undefined;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      problem = error instanceof Error ? error.message : String(error);
      failed.inc();
      waitMs = backoffMs(++failures, RETRY, Math.random());
      daemon.log.write("warning", `cannot ${goal}`, { reason: error, retryInMs: Math.round(waitMs) });
    }
    await pause(waitMs, signal);
  }
}

/** A key of a ConfigMap is a file of that name. Names with a dot are kubelet's own. */
async function readValues(folder: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await readFolder(folder, [""])).map(({ name, text }) => [name, text]));
}

function createInstallation(
  daemon: Daemon,
  node: Node,
  payload: Payload,
  nodeName: string | undefined,
  settings: () => Promise<Settings>,
): (signal: AbortSignal) => Promise<void> {
  const { kube, namespace, apiGroup, registry } = daemon;
  const registers = [registry];
  const version = { version: payload.version };
  new Gauge({ name: "danm_installer_info", help: "Always 1", labelNames: ["version"], registers }).set(version, 1);
  const renewal = new Gauge({
    name: "danm_installer_token_renewal_seconds",
    help: "When danm's token is due to be renewed, since the epoch",
    registers,
  });
  const changes = new Counter({ name: "danm_installer_changes_total", help: "Files placed or removed", registers });
  const danmToken = createTokenSource(
    async () => tokenOf(await readIfThere(seenFrom(node, kubeconfigPath(node)))),
    (seconds, signal) => requestToken(kube, { namespace, name: SERVICE_ACCOUNT, nodeName }, seconds, signal),
  );
  const claim = createConfigClaim(node);
  let triedAt = -Infinity;

  return async (signal) => {
    const current = await settings();
    const { server, caPem } = daemon.config();
    const token = await danmToken.get(current.tokenLifetime, signal);
    const access: Access = { server: current.server ?? server, caPem, token };
    const isTrialDue = performance.now() - triedAt >= TRIAL_MS;
    const taken = await claim.look(current.configFile, performance.now());
    const wanted = { payload, settings: current, apiGroup, access, mayConfigure: taken === undefined };
    const { placed, removed } = await install(node, wanted, isTrialDue, signal);
    danmToken.proved();
    if (isTrialDue) triedAt = performance.now();
    renewal.set((renewalTime(token) ?? 0) / 1000);
    changes.inc(placed.length + removed.length);
    tell(daemon, "placed", placed);
    tell(daemon, "removed", removed);
    if (taken === undefined) return claim.placed(current.configFile);
    if (nodeName !== undefined) tellOfLoss(daemon, nodeName, taken);
    throw taken;
  };
}

/** As an Event of the Node, whose UID in Events is its name, as in those of kubelet. */
function tellOfLoss({ events }: Daemon, name: string, { message }: ConfigTakenError): void {
  const subject = { apiVersion: "v1", kind: "Node", metadata: { name, uid: name } };
  events.record(subject, { type: "Warning", reason: "ConfigurationTaken", action: "Install", note: message });
}

function tell({ log }: Daemon, what: string, paths: readonly string[]): void {
  for (const path of paths) log.write("info", what, { path });
}

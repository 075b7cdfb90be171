/** netwatcher: keeps the host links of its node in line with the networks, and the node clean of containers that are gone. */

import { createBlockStore } from "../../kube/blocks/block_store.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import { type LinkSource, networkLinkSource } from "../../reconcile/link_source.ts";
import { readDanmConfig } from "../../plugin/danm_config.ts";
import type { NodeServices } from "../../plugin/node_services.ts";
import { SYSTEM_CLOCK } from "../clock.ts";
import { createController } from "../controller.ts";
import type { Daemon, DaemonProgram } from "../daemon.ts";
import { type Flag, textFlag } from "../flag.ts";
import { runTogether } from "../run_together.ts";
import type { WorkQueue } from "../work_queue.ts";
import { followDefinitions, followNetworks, type NetworkInformers } from "./follow_link_sources.ts";
import { followLinks } from "./follow_links.ts";
import { createLinkMeters, type LinkMeters } from "./link_meters.ts";
import { askingNetworks } from "./policies/asking_networks.ts";
import { createPolicyController } from "./policies/police_node.ts";
import { createHostLinkReconciler } from "./reconcile_host_links.ts";
import { followOwnPods, rememberObjects } from "./remember_objects.ts";
import { serveAttachments } from "./serve_attachments.ts";
import { type PluginFolders, sweepContainers } from "./sweep_containers.ts";

/** A node is one thing to look at. */
const NODE = "node";

/** How often to look although nothing seems to have changed. */
const RESYNC_MS = 60_000;

/** Links of a node change often and together, with every Pod that comes or goes: one look for all changes of this time. */
const SETTLE_MS = 500;

/** The flags of netwatcher besides those of all daemons. */
type NetwatcherFlags = Readonly<Record<"nodeName" | "stateDir" | "cniPath", Flag<string>>> & {
  readonly hostMounts: Flag<string | undefined>;
};

/** @param nodeName the node's name unless a flag says otherwise */
export function netwatcher(nodeName: string): DaemonProgram<NetwatcherFlags> {
  return {
    name: "netwatcher",
    summary: "keeps the VLAN and VXLAN links of its node in line with the networks",
    metricsPort: 9110,
    onEveryNode: true,
    flags: {
      nodeName: textFlag("NAME", "the node's name", nodeName),
      stateDir: pathFlag("FOLDER", "where danm keeps its journals", "/var/lib/danm"),
      cniPath: pathFlag("FOLDER[:FOLDER...]", "where CNI plugins are", "/opt/cni/bin"),
      hostMounts: textFlag(
        "FILE",
        "the node's mount namespace, to run CNI plugins there; without it they are run in netwatcher's own",
        undefined,
      ),
    },
    async run(daemon, { nodeName, stateDir, cniPath, hostMounts }, signal) {
      const meters = createLinkMeters(daemon.registry);
      const changed = () => {
        links.changed();
        policies.changed();
      };
      const networks = followNetworks(daemon, changed);
      const definitions = followDefinitions(daemon, changed);
      const links = createLinkController(daemon, nodeName, { networks, definitions }, meters);
      const policies = createPolicyController(daemon, {
        nodeName,
        stateDir,
        networks: () => askingNetworks(networks, definitions),
      });
      const plugins = { path: cniPath.split(":"), ...(hostMounts !== undefined && { mounts: hostMounts }) };
      const sweep = createSweepController(daemon, stateDir, plugins, meters);
      const pods = followOwnPods(daemon, nodeName);
      const remembered = rememberObjects(daemon, pods, networks);
      await runTogether([
        links.run,
        policies.run,
        sweep,
        pods.run,
        (signal) => serveAttachments(daemon, stateDir, { remembered, ...plugins }, signal),
      ], signal);
    },
  };
}

/** Absolute paths, separated by colons as in CNI_PATH. */
function pathFlag(placeholder: string, help: string, fallback: string): Flag<string> {
  return {
    ...textFlag(placeholder, help, fallback),
    parse(text) {
      if (text.split(":").every((path) => path.startsWith("/"))) return text;
      throw new Error("must be absolute");
    },
  };
}

/** Informers of all that asks for links. */
interface LinkSources {
  readonly networks: NetworkInformers;
  readonly definitions: Informer<LinkSource>;
}

function createLinkController(
  daemon: Daemon,
  nodeName: string,
  { networks, definitions }: LinkSources,
  meters: LinkMeters,
) {
  const informers = [...Object.values(networks), definitions];
  const sources = () => [
    ...Object.values(networks).flatMap((informer) => informer.list().map(networkLinkSource)),
    ...definitions.list(),
  ];
  const reconcile = createHostLinkReconciler({ daemon, nodeName, meters, clock: SYSTEM_CLOCK, sources });
  let hasLooked = false;
  daemon.health.addReadiness("host links", () => hasLooked ? undefined : "has not looked at them yet");
  const controller: WorkQueue = createController(daemon, {
    name: "host_links",
    workers: 1,
    caches: () => informers,
    resync: { everyMs: RESYNC_MS, keys: () => [NODE] },
    async reconcile(_key, signal) {
      return await reconcile(signal).finally(() => hasLooked = true);
    },
  });
  const changed = () => controller.addAfter(NODE, SETTLE_MS);
  const failed = (reason: unknown, retryInMs: number) =>
    daemon.log.write("warning", "cannot watch links", { reason, retryInMs: Math.round(retryInMs) });
  return {
    /** To be called when a network has changed. */
    changed: () => controller.add(NODE),
    run: (signal: AbortSignal) =>
      runTogether([
        ...informers.map(({ run }) => run),
        controller.run,
        (signal) => followLinks(changed, failed, signal),
      ], signal),
  };
}

function createSweepController(
  daemon: Daemon,
  stateDir: string,
  plugins: PluginFolders,
  { swept }: LinkMeters,
) {
  const { kube, log, apiGroup } = daemon;
  const services: NodeServices = {
    config: journalConfig(apiGroup, stateDir),
    kube,
    blocks: createBlockStore(kube, apiGroup),
    log,
  };
  const controller = createController(daemon, {
    name: "gone_containers",
    workers: 1,
    caches: () => [],
    resync: { everyMs: RESYNC_MS, keys: () => [NODE] },
    async reconcile(_key, signal) {
      for (const containerId of await sweepContainers(services, plugins, signal)) {
        swept.inc();
        log.write("info", "swept a container that is gone", { containerId });
      }
    },
  });
  return controller.run;
}

/** The configuration under which danm detaches. It reads no more of it than what is given here. */
function journalConfig(apiGroup: Daemon["apiGroup"], stateDir: string): NodeServices["config"] {
  return readDanmConfig({ cniVersion: "1.1.0", name: "netwatcher", type: "danm", kubeconfig: "/", apiGroup, stateDir });
}

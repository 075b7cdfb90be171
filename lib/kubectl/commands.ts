/** The commands of `kubectl danm` that read. */

import { instance } from "@viz-js/viz";
import { podUids } from "../api/pod_uid.ts";
import { UsageError } from "../controller/parse_flags.ts";
import { parseAddress } from "../net/address.ts";
import { isMac } from "../net/mac.ts";
import { addressReport } from "../view/address_report.ts";
import { mapDot, mapText } from "../view/cluster_map.ts";
import { findings, findingsSection, isSameFinding } from "../view/findings.ts";
import { interfacesSection } from "../view/interfaces_report.ts";
import { networksReport } from "../view/networks_report.ts";
import { servicesSection } from "../view/services_report.ts";
import { hiddenNotes } from "../view/snapshot.ts";
import { checkInstallation } from "./check_installation.ts";
import { type Command, EXIT } from "./command.ts";
import { readEvents } from "./read_events.ts";
import { readSnapshot } from "./read_snapshot.ts";

export const COMMANDS: Readonly<Record<string, Command>> = {
  networks: {
    help: "networks: type, parent, VNI, subnets, used and free addresses, Pods",
    everywhere: false,
    async run(request) {
      return { report: networksReport(await readSnapshot(request, ["networks", "endpoints", "blocks"])) };
    },
  },
  pod: {
    argument: "NAME",
    help: "one Pod: interfaces, addresses, Services that lead there, recent Events",
    everywhere: false,
    async run(request) {
      const { argument } = request;
      const [snapshot, events] = await Promise.all([
        readSnapshot(request, ["endpoints", "pods", "services"]),
        readEvents(request, "Pod", argument),
      ]);
      const own = snapshot.endpoints.filter(({ spec }) => spec.Pod === argument);
      const uids = snapshot.pods.filter(({ metadata }) => metadata.name === argument)
        .flatMap(({ metadata }) => podUids(metadata));
      if (own.length + uids.length === 0) {
        throw new Error(`Cannot show Pod ${argument}: namespace ${request.namespace ?? "(all)"} has no such Pod`);
      }
      const services = servicesSection(snapshot, [...uids, ...own.map(({ spec }) => spec.PodUID)]);
      return { report: { sections: [interfacesSection(own), services, events], notes: hiddenNotes(snapshot) } };
    },
  },
  ip: {
    argument: "ADDRESS",
    help: "who has an address, and since when",
    everywhere: true,
    async run(request) {
      const address = parseAddress(request.argument);
      if (!address) throw new UsageError(`Cannot use ${request.argument}: must be an IPv4 or IPv6 address`);
      return {
        report: addressReport(await readSnapshot(request, ["networks", "endpoints", "blocks", "pods"]), address),
      };
    },
  },
  mac: {
    argument: "ADDRESS",
    help: "whose interface has a hardware address, and since when",
    everywhere: true,
    async run(request) {
      const wanted = request.argument.toLowerCase().replaceAll("-", ":");
      if (!isMac(wanted)) throw new UsageError(`Cannot use ${request.argument}: must be like 02:00:5e:10:00:01`);
      const snapshot = await readSnapshot(request, ["endpoints"]);
      const found = snapshot.endpoints.filter(({ spec }) => spec.Interface.MacAddress.toLowerCase() === wanted);
      const section = { ...interfacesSection(found), wide: ["device", "sandbox"] };
      return { report: { sections: [section], notes: hiddenNotes(snapshot) } };
    },
  },
  node: {
    argument: "NAME",
    help: "interfaces of all Pods on a node",
    everywhere: true,
    async run(request) {
      const snapshot = await readSnapshot(request, ["endpoints"], { endpoints: `spec.Host=${request.argument}` });
      return { report: { sections: [interfacesSection(snapshot.endpoints)], notes: hiddenNotes(snapshot) } };
    },
  },
  services: {
    help: "Services that lead to interfaces of DANM, and those that cannot",
    everywhere: false,
    async run(request) {
      const snapshot = await readSnapshot(request, ["endpoints", "pods", "services"]);
      return { report: { sections: [servicesSection(snapshot)], notes: hiddenNotes(snapshot) } };
    },
  },
  check: {
    help: `what is wrong, and what to do; exit code ${EXIT.trouble} when something is`,
    everywhere: true,
    async run(request) {
      const read = () => readSnapshot(request, ["networks", "endpoints", "blocks", "pods"]);
      const [snapshot, installation] = await Promise.all([read(), checkInstallation(request)]);
      const suspected = findings(snapshot);
      // Lists are of different moments: what comes or goes between them looks wrong once, but not twice.
      const again = suspected.length === 0 ? [] : findings(await read());
      const lasting = suspected.filter((each) => again.some((other) => isSameFinding(each, other)));
      const found = [...installation.findings, ...lasting];
      const notes = [...hiddenNotes(snapshot), ...installation.notes];
      return {
        report: { sections: [findingsSection(found)], notes },
        exit: found.length === 0 ? EXIT.fine : EXIT.trouble,
      };
    },
  },
  map: {
    help: "a drawing of nodes, networks and Pods: a tree, or with -o dot or svg a graph",
    everywhere: true,
    outputs: ["dot", "svg"],
    async run(request) {
      const snapshot = await readSnapshot(request, ["networks", "endpoints"]);
      const notes = hiddenNotes(snapshot);
      if (request.output === "dot") return { text: mapDot(snapshot), notes };
      if (request.output === "svg") {
        return { text: (await instance()).renderString(mapDot(snapshot), { format: "svg" }), notes };
      }
      if (request.output === "text") return { text: mapText(snapshot), notes };
      return { report: { sections: [interfacesSection(snapshot.endpoints)], notes } };
    },
  },
};

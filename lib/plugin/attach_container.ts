/** ADD: gives a container all the interfaces its Pod asks for, or none. */

import { attachableRef } from "../api/attachable.ts";
import { DEFINITION_KIND } from "../api/attachment_definition.ts";
import type { Network } from "../api/network.ts";
import { describeNetwork, type InterfacePlan, planInterfaces } from "../attach/interface_plan.ts";
import { orderInterfaces } from "../attach/link_order.ts";
import type { Result } from "../cni/result.ts";
import { asksForPolicies } from "../policy/asks_for_policies.ts";
import { settingsForNewLinks } from "../link/interface_settings.ts";
import type { OpenedNamespace } from "../link/open_namespace.ts";
import { readLinks } from "../link/read_links.ts";
import { readNamespace } from "../link/read_namespace.ts";
import type { Route } from "../link/route.ts";
import { MAIN_TABLE } from "../net/routing_table.ts";
import type { Attachment } from "./attachment.ts";
import type { BeginEntry } from "./attachment_entry.ts";
import { allDoneOrStopped } from "./all_done.ts";
import { AttachError, type AttachFailure } from "./attach_error.ts";
import { attachInOrder, finishInNamespace, logFailure, unlessFailed } from "./attach_interfaces.ts";
import type { NodeView, PreparedInterface } from "./backends/backend.ts";
import { backendOf } from "./backends/backend_of.ts";
import { beginAttachment } from "./begin_attachment.ts";
import { endpointName } from "./endpoint.ts";
import { mergeAttached } from "./merge_attached.ts";
import { isPlannedAlike } from "./access/noted_objects.ts";
import { StaleError } from "./access/stale_error.ts";
import { type Pod, readNetwork, readPod } from "./pod.ts";
import type { PodIdentity } from "./pod_identity.ts";
import { openPodNamespace } from "./pod_namespace.ts";
import { policeAttachment } from "./policies/police_attachment.ts";
import { readPolicing } from "./policies/read_policies.ts";
import { settleDefaultRoutes, type SettledRoutes } from "./settle_default_routes.ts";
import { readWishes } from "./wishes.ts";
import { readDevices } from "./read_devices.ts";
import { traced } from "./traced.ts";
import { writeNetworkStatus } from "./write_network_status.ts";

/**
 * Attaches the container of `identity`. The journal must be empty. When it rejects, the journal says what to take back.
 *
 * @param previous what plugins before danm in a chain have made
 * @throws {AttachError} with a line for every interface that failed
 * @throws what {@linkcode beginAttachment} throws, when the namespace has an interface of one of the names
 * @throws whatever else made it impossible to begin; nothing was made then
 */
export async function attachContainer(
  attachment: Attachment,
  identity: PodIdentity,
  previous: Result | undefined,
  signal: AbortSignal,
): Promise<Result> {
  const { services, target, journal } = attachment;
  const settings = settingsForNewLinks();
  const [{ pod, plans, devices }, hostLinks, namespace, policing] = await allDoneOrStopped([
    (signal) => traced(services, "read Pod and networks", () => readPlans(attachment, identity, signal)),
    (signal) => traced(services, "list the host's links", () => readLinks(undefined, undefined, signal)),
    (signal) => traced(services, "open the namespace", () => openPodNamespace(target.netns, settings, signal)),
    (signal) => traced(services, "read policies", () => readPolicing(services.kube, identity, signal)),
  ], signal);
  const [prepared, defaultRoutes] = await allDoneOrStopped([
    (signal) => prepareAll(plans, { services, hostLinks, devices }, signal),
    (signal) => readDefaultRoutes(target.netns, namespace, signal),
  ], signal);
  const order = orderInterfaces(prepared, namespace.links.map(({ name }) => name));
  const begin = beginEntry(attachment, namespace.id, pod, plans, order);
  await beginAttachment(attachment, plans, begin, { links: namespace.links, previous }, signal);
  // No link is up before: what a policy does not allow never passes.
  await traced(services, "put rules in force", () => policeAttachment(attachment, begin, policing, signal));
  const context = { ...attachment, begin };
  const { attached: made, unfinished } = await attachInOrder(context, prepared, signal);
  const settled = settleDefaultRoutes(made, (one) => !unfinished.includes(one), defaultRoutes);
  const { attached } = settled;
  logLeftOut(attachment, settled);
  const left = attached.filter((_, place) => unfinished.includes(made[place]!));
  const report = { pod, attached, devices };
  const work = { attached: left, noted: attached, before: settled.steps };
  const failures = await Promise.all([
    traced(services, "tell the status", () => writeNetworkStatus(attachment, report, signal)).then(() => []),
    traced(services, "set interfaces up", () => finishInNamespace(attachment, work, signal)),
    ...networksOf(plans).map((plan) =>
      traced(services, "look at a network again", () => checkNetworkStays(attachment, pod, plan, signal))
    ),
  ]);
  if (failures.flat().length > 0) throw new AttachError(failures.flat());
  await journal.append([{ type: "complete" }], { durable: false });
  return mergeAttached(attached);
}

/** The default routes of the main table that are there already; a namespace that nobody has been in has none. */
async function readDefaultRoutes(
  netns: string,
  { links }: Pick<OpenedNamespace, "links">,
  signal: AbortSignal,
): Promise<Route[]> {
  if (!links.some(({ name, up }) => name !== "lo" && up)) return [];
  const { routes } = await readNamespace(netns, signal);
  return routes.filter(({ destination, table = MAIN_TABLE }) => destination.prefix === 0 && table === MAIN_TABLE);
}

async function readPlans(
  { services, target }: Attachment,
  identity: PodIdentity,
  signal: AbortSignal,
): Promise<{ pod: Pod; plans: InterfacePlan[]; devices: ReadonlyMap<number, string> }> {
  const pod = await readPod(services, identity, signal);
  const wishes = await readWishes(services, pod, signal);
  const plans = planInterfaces(wishes, pod.metadata.namespace, target.ifName, services.config.namingScheme);
  return { pod, plans, devices: await readDevices(services, pod, plans, signal) };
}

function beginEntry(
  { target }: Attachment,
  netnsId: string,
  { metadata, spec, ports }: Pod,
  plans: readonly InterfacePlan[],
  order: readonly (readonly string[])[],
): BeginEntry {
  const { namespace, name, uid } = metadata;
  return {
    type: "begin",
    netns: target.netns,
    netnsId,
    args: [...target.args],
    pod: { namespace, name, uid },
    host: spec.nodeName ?? "",
    interfaces: plans.map((plan, place) => ({
      index: plan.index,
      name: plan.name,
      type: plan.terms.type,
      network: attachableRef(plan.network),
      endpoint: endpointName(metadata, target.attachment, plan.index),
      needs: order[place]!,
      ...(asksForPolicies(plan.network.metadata) && { asksForPolicies: true }),
    })),
    ...(ports.length > 0 && { ports }),
  };
}

async function prepareAll(
  plans: readonly InterfacePlan[],
  view: NodeView,
  signal: AbortSignal,
): Promise<PreparedInterface[]> {
  const outcomes = await Promise.allSettled(
    plans.map((plan) =>
      logFailure(
        view.services.log,
        plan,
        async () => await backendOf(plan.network.kind, plan.terms.type).prepare(plan, view, signal),
      )
    ),
  );
  return unlessFailed(plans, outcomes);
}

/** What users ask for and do not get, for reasons that are no failure. */
function logLeftOut({ services: { log } }: Attachment, { attached, leftOut }: SettledRoutes): void {
  const write = ({ name, network }: InterfacePlan, reason: string) =>
    log.write("warning", "left out", { interface: name, network: describeNetwork(network), reason });
  for (const { plan } of attached) plan.warnings.forEach((reason) => write(plan, reason));
  for (const { plan, dst, gw = "no gateway" } of leftOut) {
    write(plan, `route ${dst} via ${gw}: another interface of the Pod has the default route`);
  }
}

/** A plan of each of DANM's networks, however many have it. */
function networksOf(plans: readonly InterfacePlan[]): PlanOfNetwork[] {
  const own = plans.filter((plan): plan is PlanOfNetwork => plan.network.kind !== DEFINITION_KIND);
  return [...new Map(own.map((plan) => [plan.network, plan])).values()];
}

type PlanOfNetwork = InterfacePlan & { readonly network: Network };

/**
 * A network may have been deleted while its DanmEp was being made. Whoever deletes it looks for DanmEps first, so
 * looking at the network after the DanmEp exists leaves no gap between the two.
 */
async function checkNetworkStays(
  { services }: Attachment,
  pod: Pod,
  plan: PlanOfNetwork,
  signal: AbortSignal,
): Promise<AttachFailure[]> {
  const { kind, metadata: { name, uid } } = plan.network;
  try {
    const now = await readNetwork(services, kind, pod.metadata.namespace, name, signal);
    if (now === undefined || now.metadata.uid !== uid || now.metadata.deletionTimestamp !== undefined) {
      return [{ plan, reason: new StaleError(`${describeNetwork(plan.network)} was deleted meanwhile`) }];
    }
    if (services.remembered === undefined || isPlannedAlike(now, plan.network)) return [];
    return [{ plan, reason: new StaleError(`${describeNetwork(plan.network)} was changed meanwhile`) }];
  } catch (reason) {
    return [{ plan, reason }];
  }
}

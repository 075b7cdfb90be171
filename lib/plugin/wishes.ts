/** All that a Pod asks for: interfaces to networks of DANM, and to the definitions that it selects. */

import { findAnnotation } from "../api/annotations.ts";
import { type AttachmentDefinition, SELECTION_ANNOTATIONS } from "../api/attachment_definition.ts";
import { AnnotationError, EntryError, MAX_INTERFACES } from "../attach/annotation.ts";
import { isolationObjection } from "../attach/definitions/namespace_isolation.ts";
import {
  type NetworkSelection,
  parseDefaultSelection,
  parseNetworkSelections,
} from "../attach/definitions/network_selection.ts";
import { selectedRequest } from "../attach/definitions/own_request.ts";
import { parseInterfaceRequests } from "../attach/interface_request.ts";
import type { InterfaceWish, SelectedDefinition } from "../attach/interface_wish.ts";
import { readDefinition, readNodeDefinition } from "./definitions.ts";
import type { NodeServices } from "./node_services.ts";
import { findNetwork, type Pod, readRequests } from "./pod.ts";

/**
 * Where a definition is looked for that takes the place of the default network and is named without a namespace, when the
 * Pod's own has none: where Multus has it by default.
 */
const DEFAULT_NAMESPACE = "kube-system";

/**
 * What `pod` asks for, in the order of its interfaces: its networks, or what takes the place of the default one, then the
 * definitions it selects. Where danm's own configuration names a network, that and nothing else.
 *
 * @throws {AnnotationError} naming annotation, entry, key and value
 * @throws {PodNetworkError | DelegateFileError}
 */
export async function readWishes(services: NodeServices, pod: Pod, signal: AbortSignal): Promise<InterfaceWish[]> {
  const { request, attachmentDefinitions } = services.config;
  if (request) return [{ request, network: await findNetwork(services, pod, request, signal) }];
  if (!attachmentDefinitions) return await readRequests(services, pod, signal);
  const { annotations = {} } = pod.metadata;
  const { networks: key, defaultNetwork } = SELECTION_ANNOTATIONS;
  const selections = parseNetworkSelections(key, annotations[key] ?? "");
  const replacement = parseDefaultSelection(defaultNetwork, annotations[defaultNetwork] ?? "");
  if (replacement) checkAlone(pod);
  const first = async (): Promise<InterfaceWish[]> =>
    replacement
      ? [await readSelected(services, pod, { key: defaultNetwork, selection: replacement, place: 0 }, signal)]
      : await readRequests(services, pod, signal);
  const [networks, definitions] = await Promise.all([
    first(),
    Promise.all(
      selections.map((selection, index) => readSelected(services, pod, { key, selection, place: index + 1 }, signal)),
    ),
  ]);
  const wishes = [...networks, ...definitions];
  if (wishes.length <= MAX_INTERFACES) return wishes;
  throw new AnnotationError(
    key,
    `with its ${selections.length} entries the Pod has ${wishes.length} interfaces, must have at most ${MAX_INTERFACES}`,
  );
}

/** A Pod that names its networks has no default network that anything could take the place of. */
function checkAlone(pod: Pod): void {
  const own = findAnnotation(pod.metadata.annotations, "interfaces");
  if (!own || parseInterfaceRequests(own.key, own.value).length === 0) return;
  throw new AnnotationError(
    SELECTION_ANNOTATIONS.defaultNetwork,
    `it is there beside ${own.key}, which names the Pod's first interface as well, must be one of the two`,
  );
}

/** An entry of an annotation. */
interface Selected {
  readonly key: string;
  readonly selection: NetworkSelection;
  readonly place: number;
}

async function readSelected(
  services: NodeServices,
  pod: Pod,
  { key, selection, place }: Selected,
  signal: AbortSignal,
): Promise<InterfaceWish> {
  const entry = Math.max(0, place - 1);
  try {
    const definition = await findDefinition(services, pod, { selection, place }, signal);
    const selected: SelectedDefinition = { definition, selection, place };
    const content = await readNodeDefinition(services, definition);
    if ("chain" in content) return { selected, chain: content.chain, links: content.links };
    const request = selectedRequest(content.own, selection);
    return { request, network: await findNetwork(services, pod, request, signal), selected };
  } catch (error) {
    if (error instanceof EntryError) throw new AnnotationError(key, `entry ${entry}: ${error.message}`);
    throw error;
  }
}

/** @throws {EntryError} when there is none, or it is not for Pods of this namespace */
async function findDefinition(
  services: NodeServices,
  { metadata: { namespace: own } }: Pod,
  { selection: { namespace, name }, place }: Pick<Selected, "selection" | "place">,
  signal: AbortSignal,
): Promise<AttachmentDefinition> {
  const places = namespace !== undefined ? [namespace] : place === 0 ? [own, DEFAULT_NAMESPACE] : [own];
  for (const each of new Set(places)) {
    const objection = isolationObjection(services.config, own, each);
    const found = objection === undefined ? await readDefinition(services, each, name, signal) : undefined;
    if (found) return found;
    if (objection !== undefined && each === places.at(-1)) throw new EntryError(objection);
  }
  throw new EntryError(
    `there is no NetworkAttachmentDefinition ${places.map((each) => `${each}/${name}`).join(" or ")}`,
  );
}

/** What a Pod asks for, one interface, with all that it names. */

import type { AttachmentDefinition } from "../api/attachment_definition.ts";
import type { Network } from "../api/network.ts";
import type { WantedLink } from "../reconcile/link_source.ts";
import type { DelegateChain } from "./delegate_file.ts";
import type { NetworkSelection } from "./definitions/network_selection.ts";
import type { InterfaceRequest } from "./interface_request.ts";

export type InterfaceWish = NetworkWish | DefinitionWish;

/** An interface to a network of DANM. */
export interface NetworkWish {
  readonly request: InterfaceRequest;
  readonly network: Network;
  /** Where a definition was selected that says `"type": "danm"`. */
  readonly selected?: SelectedDefinition;
}

/** An interface that the plugins of a definition make. */
export interface DefinitionWish {
  readonly selected: SelectedDefinition;
  readonly chain: DelegateChain;
  /** VLAN and VXLAN links of the host that the plugins are to find under their required names. */
  readonly links: readonly WantedLink[];
}

/** A definition and how a Pod selects it. */
export interface SelectedDefinition {
  readonly definition: AttachmentDefinition;
  readonly selection: NetworkSelection;
  /** Place among the selections, from 1; 0 for what takes the place of the default network. */
  readonly place: number;
}

/** The name of an interface that a definition was selected for; undefined where it is the Pod's first. */
export function selectedName({ selection, place }: SelectedDefinition): string | undefined {
  return place === 0 ? undefined : selection.interface ?? `net${place}`;
}

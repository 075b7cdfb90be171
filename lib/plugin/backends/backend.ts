/** What makes the interfaces of one NetworkType. */

import type { DanmEp } from "../../api/danm_ep.ts";
import type { DelegateConfig } from "../../attach/delegate_config.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import type { LinkNeeds } from "../../attach/named_links.ts";
import type { Result } from "../../cni/result.ts";
import type { NamespaceStep } from "../../link/configure_namespace.ts";
import type { Link } from "../../link/link.ts";
import type { Attachment } from "../attachment.ts";
import type { BeginEntry } from "../attachment_entry.ts";
import type { InterfaceSetup } from "../interface_setup.ts";
import type { NodeServices } from "../node_services.ts";

/** One way to make interfaces: what it must know before, what it makes, and what is to be asked to take it back. */
export interface Backend {
  /** Whether its interfaces are made of a device of the network's pool, where that has one. */
  readonly takesDevice: boolean;
  /**
   * Finds out on the node what making `plan` takes. Changes nothing.
   *
   * @throws why the interface cannot be made here
   */
  prepare(plan: InterfacePlan, view: NodeView, signal: AbortSignal): PreparedInterface | Promise<PreparedInterface>;
  /** Whether delegates that succeed at DEL leave no link behind a complete ADD. */
  readonly delegatesRemoveLink: boolean;
  /**
   * The delegates that hold something of an interface of which there is no record but its DanmEp, in the order of ADD.
   *
   * @throws {DelegateFileError} when the files of this node do not tell
   */
  findDelegates(services: NodeServices, endpoint: DanmEp, signal: AbortSignal): Promise<readonly DelegateConfig[]>;
}

/** What a backend may look at before anything is made. */
export interface NodeView {
  readonly services: NodeServices;
  readonly hostLinks: readonly Link[];
  /** Device of each interface that is made of one, by interface index. */
  readonly devices: ReadonlyMap<number, string>;
}

/** An interface that can be made. */
export interface PreparedInterface {
  readonly plan: InterfacePlan;
  /** The links of the Pod's namespace that must be complete before; none when left out. */
  readonly needs?: LinkNeeds;
  /** Makes it: addresses, link, record. When it rejects, the journal says what to take back. */
  attach(context: AttachContext, signal: AbortSignal): Promise<AttachedInterface>;
}

/** What the interfaces of one Pod have in common. */
export interface AttachContext extends Attachment {
  readonly begin: BeginEntry;
}

/** An interface whose link exists. */
export interface AttachedInterface {
  readonly plan: InterfacePlan;
  readonly setup: InterfaceSetup;
  /** What remains to be done in the namespace, where its link gets its name, addresses and routes. */
  readonly steps: readonly NamespaceStep[];
  /** Its part of the CNI result. */
  readonly result: Result;
}

/** One container being attached or detached on this node. */

import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import type { AttachmentJournal } from "../host/journal/attachment_journal.ts";
import type { AttachmentEntry } from "./attachment_entry.ts";
import type { NodeServices } from "./node_services.ts";

/** What every step of attaching and detaching needs. */
export interface Attachment {
  readonly services: NodeServices;
  /** As the runtime asked; `netns` is empty when the namespace is gone. */
  readonly target: DelegateTarget;
  /** Locked for as long as the work goes on. */
  readonly journal: AttachmentJournal<AttachmentEntry>;
  /** That the namespace is known to be gone, whatever is at its path now. */
  readonly namespaceIsGone?: true;
}

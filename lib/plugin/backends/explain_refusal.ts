/** Why the kernel refused a link on a host interface, in the words of who has to mend it. */

import { describeNetwork, type InterfacePlan } from "../../attach/interface_plan.ts";
import { IpError, type IpErrorReason, ipErrorReason } from "../../link/ip_error.ts";
import type { Link } from "../../link/link.ts";
import { messageOf } from "../to_cni_error.ts";

/** A link that cannot be made on a parent; the cause has the words of the kernel. */
export class LinkRefusedError extends Error {
  override readonly name = "LinkRefusedError";
}

/** The backends whose links exclude each other on one parent. */
const RIVALS: Readonly<Record<string, string>> = { ipvlan: "macvlan", macvlan: "ipvlan" };

/**
 * Rejects as `work` does, with a sentence where the kernel has but a word: it lacks the kind of link, or the parent has
 * links of the other kind.
 *
 * @param work what makes the link, by ip(8) or by a plugin that passes the kernel's words on
 */
export async function explainRefusal<T>(plan: InterfacePlan, parent: Link, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const sentence = sentenceFor(reasonOf(error), plan, parent);
    throw sentence === undefined ? error : new LinkRefusedError(`${sentence}: ${messageOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): IpErrorReason {
  return error instanceof IpError ? error.reason : ipErrorReason(messageOf(error));
}

function sentenceFor(reason: IpErrorReason, { network, terms }: InterfacePlan, { name }: Link): string | undefined {
  const { type } = terms;
  if (reason === "unsupported") return `the kernel of this node has no ${type}, must have its module`;
  if (reason !== "busy") return undefined;
  return `host interface ${name} of ${describeNetwork(network)} is busy: it is part of a bridge or bond, or has ` +
    `${RIVALS[type]} interfaces, which exclude ${type} on the same interface`;
}

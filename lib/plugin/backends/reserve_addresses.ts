/** The addresses of one interface that DANM gives it. */

import type { ReservedAddress } from "../../attach/delegate_config.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import { defaultGateway } from "../../attach/network_terms.ts";
import type { IpConfig } from "../../cni/result.ts";
import { hashKey } from "../../ipam/hash.ts";
import { formatOwner, parseOwner } from "../../ipam/owner.ts";
import { withPredecessors } from "../../ipam/predecessors.ts";
import { reserveAddress } from "../../ipam/reserve_address.ts";
import { AddressTakenError } from "../../ipam/reserve_error.ts";
import { formatAddress } from "../../net/address.ts";
import { allDone } from "../all_done.ts";
import { findPodName } from "../endpoint.ts";
import type { NodeServices } from "../node_services.ts";
import { traced } from "../traced.ts";
import type { AttachContext } from "./backend.ts";

/** Takes the planned addresses, each noted in the journal first. */
export async function reserveAddresses(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<ReservedAddress[]> {
  const { services, journal, begin } = context;
  const { index } = plan;
  const owner = ownerOf(context, plan);
  return await allDone(plan.addresses.map(async ({ pool, request }) => {
    try {
      const blocks = withPredecessors(services.blocks, pool);
      const reserve = () =>
        reserveAddress(blocks, pool, request, {
          node: begin.host,
          owner,
          intend: (claim) => journal.append([{ type: "claim", index, claim }], { durable: true }),
          now: Date.now,
          signal,
        });
      return await traced(services, "take an address", reserve, { interface: plan.name });
    } catch (error) {
      throw error instanceof AddressTakenError ? await withPodName(services, error, signal) : error;
    }
  }));
}

/** The owner's Pod has a name that says more than its UID. That none can be found out hides nothing. */
async function withPodName(
  services: NodeServices,
  error: AddressTakenError,
  signal: AbortSignal,
): Promise<AddressTakenError> {
  const owner = parseOwner(error.owner);
  const pod = owner && await findPodName(services, owner.podUid, signal).catch(() => undefined);
  return pod ? new AddressTakenError(error.pool, error.address, error.owner, pod) : error;
}

/** Who owns what is taken for an interface: the same for every attempt to attach it. */
export function ownerOf({ begin, target }: AttachContext, { index }: InterfacePlan): string {
  return formatOwner({
    podUid: begin.pod.uid,
    containerId: target.containerId,
    interfaceIndex: index,
    attachment: hashKey(target.attachment),
  });
}

/** Reserved addresses as the result of a plugin says them, for a result with one interface. */
export function reservedIps({ terms }: InterfacePlan, addresses: readonly ReservedAddress[]): IpConfig[] {
  return addresses.map(({ address, prefix }) => {
    const gateway = defaultGateway(terms, address.family);
    return {
      address: `${formatAddress(address)}/${prefix}`,
      ...(gateway && { gateway: formatAddress(gateway) }),
      interface: 0,
    };
  });
}

import type { VniType } from "../net/vni.ts";
import { hostLinkMtu } from "./host_link.ts";
import type { SeenLink } from "./host_links.ts";

/**
 * What is wrong with a link that is the very VLAN or VXLAN that is asked for, but that somebody else made, so that it is
 * theirs to mend; undefined when Pods can use it like DANM's own. Ends a sentence that begins with what the link is.
 */
export function foreignLinkFlaw(type: VniType, link: SeenLink, parent: SeenLink): string | undefined {
  const { name, mtu, master, vlan } = link;
  const made = `is there as ${name}, which DANM did not make and so does not change`;
  const wantedMtu = hostLinkMtu(type, parent.mtu);
  if (master !== undefined) return `${made}: it is a port of ${master}, must be free for the interfaces of Pods`;
  if (vlan?.keepsTags) return `${made}: it keeps the tags of packets, must have reorder_hdr on`;
  if (mtu !== wantedMtu) return `${made}: its MTU is ${mtu}, must be ${wantedMtu} on ${parent.name}`;
  return undefined;
}

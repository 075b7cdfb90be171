/** The rules of one interface, as values. */

import type { Address } from "../net/address.ts";
import type { Subnet } from "../net/subnet.ts";
import type { Protocol } from "./policy_view.ts";

/** What is allowed through an interface, besides replies and what the network itself needs. */
export interface InterfaceRules {
  /** Name of the interface in its Pod. */
  readonly name: string;
  /** What is allowed in; undefined: everything. */
  readonly ingress: readonly AllowRule[] | undefined;
  /** What is allowed out; undefined: everything. */
  readonly egress: readonly AllowRule[] | undefined;
}

/** Traffic that is allowed: with any of the peers, to any of the ports. Ports are those of whoever is spoken to. */
export interface AllowRule {
  /** Which rule of which policy it is: `<UID>-<index>`; the same for as long as the policy has it. */
  readonly id: string;
  /** Undefined: anybody. */
  readonly peers: RulePeers | undefined;
  /** Undefined: any port, of any protocol. */
  readonly ports: RulePorts | undefined;
}

export interface RulePeers {
  /** Addresses of Pods. */
  readonly pods: readonly Address[];
  /** Whatever is there, by its address. */
  readonly subnets: readonly Subnet[];
}

export interface RulePorts {
  readonly ranges: readonly PortRange[];
  /** Ports that each peer names in its own way; undefined where the rule has no names for peers. */
  readonly named: readonly PeerPort[] | undefined;
}

export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

export interface PeerPort {
  readonly address: Address;
  readonly protocol: Protocol;
  readonly port: number;
}

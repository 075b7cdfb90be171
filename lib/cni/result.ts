/** What ADD made, independent of the protocol version. Source: CNI spec 1.1.0 §5 "ADD Success". */

/** A link, in the container or on the host. */
export interface Interface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** Path of the network namespace; absent on the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

/** An address. */
export interface IpConfig {
  /** `address/prefix`. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into the interfaces of the result. IPAM plugins leave it out. */
  readonly interface?: number;
}

/** A route; without `gw` through the gateway of the same family, if there is one. */
export interface Route {
  /** `network/prefix`. */
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** What a resolver should use. */
export interface Dns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** A result with the fields of the newest version. */
export interface Result {
  readonly interfaces: readonly Interface[];
  readonly ips: readonly IpConfig[];
  readonly routes: readonly Route[];
  readonly dns: Dns;
}

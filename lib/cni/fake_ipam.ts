/** The IPAM plugin that hands a delegate the addresses DANM has already reserved. */

import { decodeResult } from "./decode_result.ts";
import type { Plugin } from "./dispatch.ts";
import type { Dns, IpConfig, Route } from "./result.ts";

/** The `ipam` section of a delegate's configuration: an IPAM result, given in advance. */
export interface FakeIpamSection {
  readonly type: "fakeipam";
  readonly ips: readonly Omit<IpConfig, "interface">[];
  readonly routes?: readonly Route[];
  readonly dns?: Dns;
}

/** ADD answers with the section; there is never anything to check or to take back. */
export const fakeIpam: Plugin = {
  add: ({ config }) => ({ ...decodeResult(config.ipam, "ipam of the network configuration"), interfaces: [] }),
  check: () => {},
  del: () => {},
};

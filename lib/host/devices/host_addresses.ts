import { type Address, isLinkLocal, parseAddress } from "../../net/address.ts";

/** Where kube-proxy, in its mode IPVS, keeps the addresses of all Services, which are not the node's. */
const SERVICE_ADDRESSES = "kube-ipvs0";

/**
 * The addresses that programs of the host, kubelet among them, speak from to others: all but those that mean something on
 * one link, or on this host, alone.
 */
export function hostAddresses(): Address[] {
  const own = Deno.networkInterfaces().filter(({ name }) => name !== SERVICE_ADDRESSES);
  const addresses = own.flatMap(({ address }) => parseAddress(address) ?? []);
  return addresses.filter((address) => !isLinkLocal(address) && !isLoopback(address));
}

/** Source: RFC 1122 §3.2.1.3, RFC 4291 §2.5.3. */
function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

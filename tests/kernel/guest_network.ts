/** The network of a virtual machine, as the shell commands that set it up inside. */

import { shellWord } from "../../lib/installer/shell_word.ts";

/** A network card that is joined to a tap device of the host. */
export interface NetworkCard {
  /** The host's tap device; it must exist and be free. */
  readonly tap: string;
  readonly mac: string;
  /** The link's name inside. */
  readonly name: string;
  /** `address/prefix` each. */
  readonly addresses?: readonly string[];
  readonly mtu?: number;
}

/** What listens on 127.0.0.1:`hostPort` of the host is reached inside at 127.0.0.1:`guestPort`, over TCP. */
export interface Forward {
  readonly guestPort: number;
  readonly hostPort: number;
}

/** Link-local, so that no network of a test is hidden by it. */
export const FORWARD_SUBNET = "169.254.254.0/24";
export const FORWARD_MAC = "52:54:00:fe:fe:fe";
/** QEMU's addresses for the host's loopback and for the machine. Source: qemu(1), `-netdev user`. */
const HOST = "169.254.254.2";
const MACHINE = "169.254.254.15/24";

const LINK_OF = `link_of() { cd /sys/class/net && for link in *; do
  if [ "$(cat "$link/address")" = "$1" ]; then echo "$link"; fi
done; }`;

/** Brings up all cards under their names, with their addresses, and makes the forwards work. */
export function networkScript(cards: readonly NetworkCard[], forwards: readonly Forward[]): string {
  const all = [...cards];
  if (forwards.length > 0) all.push({ tap: "", mac: FORWARD_MAC, name: "forward", addresses: [MACHINE] });
  if (all.length === 0) return "";
  return ["modprobe virtio_net", LINK_OF, ...all.map(cardScript), ...forwardScript(forwards)].join("\n");
}

function cardScript({ mac, name, addresses = [], mtu }: NetworkCard): string {
  const link = shellWord(name);
  return [
    `found=$(link_of ${shellWord(mac.toLowerCase())})`,
    `[ "$found" = ${link} ] || ip link set dev "$found" name ${link}`,
    ...(mtu === undefined ? [] : [`ip link set dev ${link} mtu ${mtu}`]),
    ...addresses.map((address) => `ip address add ${shellWord(address)} dev ${link} nodad`),
    `ip link set dev ${link} up`,
  ].join("\n");
}

/** Loopback addresses may leave the machine only where `route_localnet` says so, and under an address that is answered. */
function forwardScript(forwards: readonly Forward[]): string[] {
  if (forwards.length === 0) return [];
  const rules = forwards.map(({ guestPort, hostPort }) =>
    `ip daddr 127.0.0.1 tcp dport ${guestPort} dnat to ${HOST}:${hostPort}`
  );
  return [
    "echo 1 >/proc/sys/net/ipv4/conf/forward/route_localnet",
    `nft -f - <<'END'
table ip forward {
  chain output { type nat hook output priority -100; ${rules.join("; ")}; }
  chain postrouting { type nat hook postrouting priority 100; oifname forward masquerade; }
}
END`,
  ];
}

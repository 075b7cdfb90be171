/**
 * A stand-in for the sriov plugin: test machines have no SR-IOV hardware. Like the original it takes a device by its PCI
 * address, runs the IPAM plugin, and answers with the interface; where that would move the device's link into the
 * namespace this makes a bridge, and like that one it makes no link for a device that a program is to drive.
 */

import type { ContainerRuntime } from "./container_runtime.ts";
import { type StandInPlugin, writeStandIn } from "./stand_in_plugin.ts";

/** Devices whose PCI address ends in this are bound to a driver for programs. */
export const USERSPACE_FUNCTION = ".7";

/** Devices on this bus are said to have an address of nothing but zeros, as those have that nobody gave one. */
export const BUS_WITHOUT_MAC = "0000:aa:";

const ADD = `
device=$(grep -o '"deviceID":"[^"]*"' "$STDIN" | cut -d'"' -f4)
[ -n "$device" ] || { echo '{"cniVersion":"0.4.0","code":7,"msg":"no device"}'; exit 1; }
mac=02:00:00:00:00:07
case $device in ${BUS_WITHOUT_MAC}*) mac=00:00:00:00:00:00 ;; esac
ips=''
if grep -q '"type":"fakeipam"' "$STDIN"; then
  ips=$("\${CNI_PATH%%:*}/fakeipam" <"$STDIN" | grep -o '"ips":\\[.*\\]' | sed 's/"version"/"interface":0,"version"/g')
fi
case $device in
  *${USERSPACE_FUNCTION}) ;;
  *)
    nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" up address 02:00:00:00:00:07 type bridge
    for address in $(echo "$ips" | grep -o '"address":"[^"]*"' | cut -d'"' -f4); do
      nsenter --net="$CNI_NETNS" ip address add "$address" dev "$CNI_IFNAME"
    done ;;
esac
link="{\\"name\\":\\"$CNI_IFNAME\\",\\"mac\\":\\"$mac\\",\\"sandbox\\":\\"$CNI_NETNS\\"}"
echo "{\\"cniVersion\\":\\"0.4.0\\",\\"interfaces\\":[$link]\${ips:+,$ips}}"
`;

/** Writes the stand-in as `sriov` among the plugins of a node. */
export async function writeSriovPlugin(runtime: Pick<ContainerRuntime, "folder" | "binDir">): Promise<StandInPlugin> {
  return await writeStandIn(runtime, "sriov", { ADD });
}

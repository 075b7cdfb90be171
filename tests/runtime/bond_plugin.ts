/**
 * A plugin that bonds interfaces of the Pod, for machines that the project's own plugin is not on: configured in the same
 * way, it makes the same links, and like that one it fails at DEL when the bond or one of its members is not there.
 */

import type { ContainerRuntime } from "./container_runtime.ts";
import { type StandInPlugin, writeStandIn } from "./stand_in_plugin.ts";

const FUNCTIONS = `
members=$(tr -d ' \\n' <"$STDIN" | grep -o '"links":\\[[^]]*\\]' | grep -o '"name":"[^"]*"' | cut -d'"' -f4)
within() { nsenter --net="$CNI_NETNS" ip "$@" 2>&1; }
fail() { echo "{\\"cniVersion\\":\\"1.0.0\\",\\"code\\":999,\\"msg\\":\\"$1\\"}"; exit 1; }
require() { for link; do within link show dev "$link" >/dev/null || fail "there is no link $link"; done; }
`;

/** @param make ip(8)'s words for the link after its name; members become its ports when it is a bond */
function scripts(make: string, joins: boolean): Readonly<Record<"ADD" | "DEL", string>> {
  const join =
    'within link set "$link" down && within link set "$link" master "$CNI_IFNAME" && within link set "$link" up';
  return {
    ADD: `${FUNCTIONS}
require $members
for link in $members; do
  within link show dev "$link" up | grep -q . || fail "link $link is down"
done
why=$(within link add "$CNI_IFNAME" ${make}) || fail "$why"
${joins ? `for link in $members; do why=$(${join}) || fail "$why"; done` : ""}
within link set "$CNI_IFNAME" up >/dev/null
mac=$(within -o link show dev "$CNI_IFNAME" | grep -o 'link/ether [^ ]*' | cut -d' ' -f2)
ips=''
if grep -q '"type":"fakeipam"' "$STDIN"; then
  ips=$("\${CNI_PATH%%:*}/fakeipam" <"$STDIN" | grep -o '"ips":\\[.*\\]' | sed 's/"address"/"interface":0,"address"/g')
fi
for address in $(echo "$ips" | grep -o '"address":"[^"]*"' | cut -d'"' -f4); do
  within address add "$address" dev "$CNI_IFNAME" >/dev/null
done
link="{\\"name\\":\\"$CNI_IFNAME\\",\\"mac\\":\\"$mac\\",\\"sandbox\\":\\"$CNI_NETNS\\"}"
echo "{\\"cniVersion\\":\\"1.0.0\\",\\"interfaces\\":[$link]\${ips:+,$ips}}"
`,
    DEL: `${FUNCTIONS}
[ -n "$CNI_NETNS" ] || exit 0
require $members "$CNI_IFNAME"
why=$(within link del dev "$CNI_IFNAME") || fail "$why"
`,
  };
}

/** Writes it as `bond` among the plugins of a node. */
export async function writeBondPlugin(runtime: Pick<ContainerRuntime, "folder" | "binDir">): Promise<StandInPlugin> {
  return await writeStandIn(runtime, "bond", scripts("type bond mode active-backup miimon 100", true));
}

/** The same for kernels without bonds: a link of another kind that leaves its members alone. */
export async function writeBondStandIn(runtime: Pick<ContainerRuntime, "folder" | "binDir">): Promise<StandInPlugin> {
  return await writeStandIn(runtime, "bond", scripts("address 02:00:00:00:00:0b type bridge", false));
}

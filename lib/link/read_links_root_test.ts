import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace, joinNamespaces } from "../../tests/netns.ts";
import { parseAddress } from "../net/address.ts";
import { ipBatch } from "./ip_batch.ts";
import { findVxlan } from "./link.ts";
import { addVxlan, deleteLink, renameLink, setAlias, setMac, setMtu, setUp } from "./link_commands.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";
import { readLinks } from "./read_links.ts";

Deno.test("readLinks() reads what the commands made", async () => {
  await using host = await createNamespace();
  await using other = await createNamespace();
  await joinNamespaces({ namespace: host, name: "up0" }, { namespace: other, name: "up1" });
  const multicast = parseAddress("239.0.0.77")!;
  await ipBatch([
    setMtu("up0", 9000),
    addVxlan({ parent: "up0", name: "tmp", id: 77, multicast, group: 4242 }),
    renameLink("tmp", "vx_net"),
    setAlias("vx_net", "danm:DanmNet/default/net"),
    setMac("vx_net", "02:00:00:00:00:01"),
    setUp("vx_net"),
  ], host.path);
  const links = await readLinks(host.path);
  assertEquals(links.map(({ name, kind, up }) => [name, kind, up]), [
    ["lo", undefined, true],
    ["up0", "veth", true],
    ["vx_net", "vxlan", true],
  ]);
  const { index: _, ...vxlan } = findVxlan(links, "up0", 77)!;
  assertEquals(vxlan, {
    name: "vx_net",
    mac: "02:00:00:00:00:01",
    mtu: 8950,
    up: true,
    kind: "vxlan",
    group: 4242,
    alias: "danm:DanmNet/default/net",
    vxlan: { id: 77, parent: "up0", group: "239.0.0.77", port: 4789 },
  });
  await ipBatch([deleteLink("vx_net")], host.path);
  assertEquals(findVxlan(await readLinks(host.path), "up0", 77), undefined);
});

Deno.test("readLinks() reads one link, those of a kind, or none", async () => {
  await using namespace = await createNamespace();
  await ipBatch([["link", "add", "name", "br0", "type", "bridge"]], namespace.path);
  const names = async (filter: Parameters<typeof readLinks>[1]) =>
    (await readLinks(namespace.path, filter)).map(({ name }) => name);
  assertEquals(await names({ name: "br0" }), ["br0"]);
  assertEquals(await names({ name: "none" }), []);
  assertEquals(await names({ kind: "bridge" }), ["br0"]);
  assertEquals(await names({ kind: "veth" }), []);
});

Deno.test("readLinks() tells where the parent of a link is", async () => {
  await using host = await createNamespace();
  await using pod = await createNamespace();
  await using other = await createNamespace();
  await joinNamespaces({ namespace: host, name: "up0" }, { namespace: other, name: "up1" });
  const macvlan = ["type", "macvlan", "mode", "bridge"];
  await ipBatch([
    ["link", "add", "link", "up0", "name", "here", ...macvlan],
    ["link", "add", "link", "up0", "name", "there", "netns", pod.path, ...macvlan],
  ], host.path);
  const [parent] = await readLinks(host.path, { name: "up0" });
  const [here] = await readLinks(host.path, { name: "here" });
  const [there] = await readLinks(pod.path, { name: "there" });
  assertEquals([here?.parent, here?.foreignParent], ["up0", undefined]);
  assertEquals([there?.parent, there?.foreignParent], [undefined, parent?.index]);
});

Deno.test("readLinks() tells that the namespace is gone", async () => {
  await assertRejects(() => readLinks("/var/run/netns/none"), NamespaceMissingError);
  await assertRejects(() => readLinks("/var/run/netns/none", { name: "eth0" }), NamespaceMissingError);
});

import { assertMatch, assertRejects } from "@std/assert";
import { createNamespace, joinNamespaces, type TestNamespace } from "../netns.ts";

/** Gives the link its addresses of both families, ending in `host`, usable at once. */
async function addAddresses(namespace: TestNamespace, link: string, host: number): Promise<void> {
  await namespace.ip("address", "add", `10.99.0.${host}/24`, "dev", link);
  await namespace.ip("address", "add", `fd00:99::${host}/64`, "dev", link, "nodad");
  await namespace.ip("link", "set", "dev", link, "up");
}

async function ping(from: TestNamespace, address: string, seconds = 20): Promise<void> {
  await from.run("ping", "-c", "1", "-W", `${seconds}`, address);
}

Deno.test("the kernel is the one of the virtual machine", async () => {
  assertMatch(Deno.osRelease(), /-amd64$/);
  assertMatch(await Deno.readTextFile("/proc/cmdline"), /console=ttyS0/);
});

for (const type of ["ipvlan", "macvlan"]) {
  Deno.test(`two namespaces with ${type} links on one parent exchange packets`, async () => {
    await using host = await createNamespace();
    await using a = await createNamespace();
    await using b = await createNamespace();
    await host.ip("link", "add", "parent", "type", "dummy");
    await host.ip("link", "set", "dev", "parent", "up");
    const mode = type === "ipvlan" ? "l2" : "bridge";
    for (const [index, { name }] of [a, b].entries()) {
      await host.ip("link", "add", "link", "parent", `c${index}`, "netns", name, "type", type, "mode", mode);
    }
    await addAddresses(a, "c0", 1);
    await addAddresses(b, "c1", 2);
    await ping(a, "10.99.0.2");
    await ping(a, "fd00:99::2");
  });
}

/** How to make a link of a VNI on the parent `wire`. */
const OVERLAYS = {
  vlan: (vni: number) => ["link", "wire", "type", "vlan", "id", `${vni}`],
  vxlan: (vni: number) => ["type", "vxlan", "id", `${vni}`, "group", "239.0.0.7", "dev", "wire", "dstport", "4789"],
};

for (const [type, words] of Object.entries(OVERLAYS)) {
  Deno.test(`a ${type} link carries packets between two namespaces, and none to another number`, async () => {
    await using a = await createNamespace();
    await using b = await createNamespace();
    await joinNamespaces({ namespace: a, name: "wire" }, { namespace: b, name: "wire" });
    for (const [index, namespace] of [a, b].entries()) {
      await namespace.ip("address", "add", `192.168.99.${index + 1}/24`, "dev", "wire");
      await namespace.ip("link", "add", "name", "right", ...words(7));
      await addAddresses(namespace, "right", index + 1);
    }
    await ping(a, "10.99.0.2");
    await ping(a, "fd00:99::2");

    await b.ip("link", "delete", "right");
    await b.ip("link", "add", "name", "wrong", ...words(8));
    await addAddresses(b, "wrong", 2);
    await assertRejects(() => ping(a, "10.99.0.2", 3));
  });
}

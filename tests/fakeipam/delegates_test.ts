/** fakeipam below the reference plugins, which read its answers with libcni. Needs root. */

import { assertEquals, assertMatch } from "@std/assert";
import { dirname } from "@std/path/posix";
import { decodeResult } from "../../lib/cni/decode_result.ts";
import { encodeEnvironment } from "../../lib/cni/environment.ts";
import { decodeError } from "../../lib/cni/error.ts";
import type { FakeIpamSection } from "../../lib/cni/fake_ipam.ts";
import { cniVersions } from "../../lib/cni/version.ts";
import { runProcess } from "../../lib/process/run_process.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { createNamespace, joinNamespaces, type TestNamespace } from "../netns.ts";
import { writeFakeipam } from "./fakeipam_program.ts";

const section: FakeIpamSection = {
  type: "fakeipam",
  ips: [{ address: "10.1.0.5/24" }, { address: "2001:db8::5/64" }],
  routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.9" }],
};

/** A host with the link `up0`, and a Pod, each a namespace. */
interface Node extends AsyncDisposable {
  readonly host: TestNamespace;
  readonly pod: TestNamespace;
  /** Runs a reference plugin for the Pod on the host. */
  plugin(type: string, command: "ADD" | "DEL", config: object): Promise<{ code: number; stdout: string }>;
}

async function createNode(): Promise<Node> {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await createNamespace());
  const pod = stack.use(await createNamespace());
  await joinNamespaces({ namespace: host, name: "up0" }, {
    namespace: stack.use(await createNamespace()),
    name: "far0",
  });
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await writeFakeipam(folder);
  const plugins = dirname(await findBinary("cni/macvlan"));
  const disposables = stack.move();
  return {
    host,
    pod,
    [Symbol.asyncDispose]: () => disposables[Symbol.asyncDispose](),
    plugin: (type, command, config) =>
      runProcess({
        program: "nsenter",
        args: [`--net=${host.path}`, "--", `${plugins}/${type}`],
        env: encodeEnvironment({
          command,
          containerId: "c1",
          netns: pod.path,
          ifName: "net1",
          args: new Map(),
          path: [folder, plugins],
        }),
        stdin: JSON.stringify({ name: "n", type, ...config }),
      }, AbortSignal.timeout(30_000)),
  };
}

const mains = [
  { type: "macvlan", settings: { master: "up0", mode: "bridge" } },
  { type: "bridge", settings: { bridge: "br0" } },
];

for (const { type, settings } of mains) {
  for (const cniVersion of cniVersions) {
    Deno.test(`fakeipam hands ${type} its addresses in ${cniVersion}`, async () => {
      await using node = await createNode();
      const config = { cniVersion, ...settings, ipam: section };
      const added = await node.plugin(type, "ADD", config);
      assertEquals(added.code, 0, added.stdout);
      const { interfaces, ips, routes } = decodeResult(JSON.parse(added.stdout), type);
      const link = interfaces.findIndex(({ sandbox }) => sandbox === node.pod.path);
      assertEquals(ips, section.ips.map((ip) => ({ ...ip, interface: link })));
      assertEquals(routes, section.routes);
      const shown = await node.pod.ip("-brief", "address", "show", "dev", "net1");
      for (const { address } of section.ips) assertEquals(shown.split(/\s+/).includes(address), true, shown);

      const deleted = await node.plugin(type, "DEL", config);
      assertEquals([deleted.code, deleted.stdout], [0, ""]);
      assertEquals((await node.pod.ip("-brief", "link", "show")).includes("net1"), false);
    });
  }

  Deno.test(`${type} refuses fakeipam without an address, and needs no IPAM plugin at all then`, async () => {
    await using node = await createNode();
    const config = { cniVersion: "1.0.0", ...settings };
    const refused = await node.plugin(type, "ADD", { ...config, ipam: { type: "fakeipam", ips: [] } });
    assertEquals(refused.code, 1);
    assertMatch(decodeError(refused.stdout)?.msg ?? "", /IPAM plugin returned missing IP config/);
    await node.plugin(type, "DEL", { ...config, ipam: { type: "fakeipam", ips: [] } });

    const added = await node.plugin(type, "ADD", { ...config, ipam: {} });
    assertEquals(added.code, 0, added.stdout);
    assertEquals(decodeResult(JSON.parse(added.stdout), type).ips, []);
  });
}

Deno.test("macvlan passes on what fakeipam finds wrong", async () => {
  await using node = await createNode();
  const { code, stdout } = await node.plugin("macvlan", "ADD", {
    cniVersion: "1.0.0",
    master: "up0",
    ipam: { type: "fakeipam", ips: "10.1.0.5/24" },
  });
  const error = decodeError(stdout);
  assertEquals([code, error?.code, error?.msg], [1, 7, "Invalid network configuration"]);
  assertMatch(error?.details ?? "", /^ipam is \{.*\}, must be an object with the list ips/);
});

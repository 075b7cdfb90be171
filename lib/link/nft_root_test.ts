import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";
import { NftError, readNftTable, runNft } from "./nft.ts";

const { signal } = new AbortController();
const TABLE = ["inet", "danm"] as const;

const SCRIPT = `table inet danm {
  set pods { type ipv4_addr; elements = { 10.0.0.1 }; }
  set named { type ipv6_addr . inet_proto . inet_service; elements = { 2001:db8::1 . udp . 53 }; }
  set ports { type inet_proto . inet_service; flags interval; elements = { tcp . 80-90 }; }
  chain in { type filter hook prerouting priority -150; policy accept; ip saddr @pods accept
  }
}
`;

Deno.test("runNft() does all of a script, and readNftTable() tells elements from structure", async () => {
  await using namespace = await createNamespace();
  assertEquals(await readNftTable(namespace.path, TABLE, signal), undefined);
  await runNft(namespace.path, SCRIPT, signal);
  const before = await readNftTable(namespace.path, TABLE, signal);
  assertEquals(
    before?.elements,
    new Map([["pods", new Set(["10.0.0.1"])], ["named", new Set(["2001:db8::1 . udp . 53"])]]),
  );
  await runNft(namespace.path, "add element inet danm pods { 10.0.0.2 }\n", signal);
  const after = await readNftTable(namespace.path, TABLE, signal);
  assertEquals([after?.structure, after?.elements.get("pods")], [before?.structure, new Set(["10.0.0.1", "10.0.0.2"])]);
});

Deno.test("readNftTable() notices what somebody changed by hand", async () => {
  await using namespace = await createNamespace();
  const changes = [
    "flush chain inet danm in",
    "add rule inet danm in tcp dport 22 accept",
    "add element inet danm ports { tcp . 22 }",
    "chain inet danm in { policy drop; }",
    "add set inet danm more { type ipv4_addr; }",
  ];
  for (const change of changes) {
    await runNft(namespace.path, `table inet danm\ndelete table inet danm\n${SCRIPT}`, signal);
    const before = await readNftTable(namespace.path, TABLE, signal);
    await runNft(namespace.path, `${change}\n`, signal);
    const after = await readNftTable(namespace.path, TABLE, signal);
    assertEquals(after?.structure === before?.structure, false, change);
  }
});

Deno.test("runNft() does nothing of a script that it cannot do, and says why", async () => {
  await using namespace = await createNamespace();
  await runNft(namespace.path, SCRIPT, signal);
  const before = await readNftTable(namespace.path, TABLE, signal);
  const script = "add element inet danm pods { 10.0.0.7 }\ndelete element inet danm pods { 10.0.0.99 }\n";
  await assertRejects(() => runNft(namespace.path, script, signal), NftError, "10.0.0.99");
  assertEquals(await readNftTable(namespace.path, TABLE, signal), before);
});

Deno.test("runNft() tells a namespace that is gone", async () => {
  await assertRejects(() => runNft("/run/netns/none-such", SCRIPT, signal), NamespaceMissingError);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { createConfigClaim } from "./config_claim.ts";

const CONFIG = "00-danm.conf";
const MINUTE = 60_000;

async function makeNode() {
  const root = await Deno.makeTempDir();
  const node = { root, pluginDir: "/bin", configDir: "/net.d", runtimeDir: "/opt" };
  await Deno.mkdir(`${root}/net.d`);
  const own = JSON.stringify({ type: "danm", kubeconfig: "/net.d/danm.kubeconfig" });
  return {
    node,
    write: (name: string, text = own) => Deno.writeTextFile(`${root}/net.d/${name}`, text),
    remove: (name: string) => Deno.remove(`${root}/net.d/${name}`),
    names: () => [...Deno.readDirSync(`${root}/net.d`)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

Deno.test("createConfigClaim() takes what is gone now and then for an accident, and no more than that", async () => {
  await using folder = await makeNode();
  const claim = createConfigClaim(folder.node);
  claim.placed(CONFIG);
  for (const minute of [0, 4, 11, 22, 33]) { // never three within ten minutes
    assertEquals(await claim.look(CONFIG, minute * MINUTE), undefined);
    claim.placed(CONFIG);
  }
  assertEquals(await claim.look(CONFIG, 34 * MINUTE), undefined);
  assertEquals(await claim.look(CONFIG, 35 * MINUTE), undefined, "that is still the same loss");
  claim.placed(CONFIG);
  for (const minute of [36, 60]) { // it lasts
    assertStringIncludes(String(await claim.look(CONFIG, minute * MINUTE)), "removed 3 times");
  }
  await folder.write(CONFIG);
  assertEquals(await claim.look(CONFIG, 61 * MINUTE), undefined);
});

Deno.test("createConfigClaim() leaves what was renamed, however it is called now, and tries anew after a start", async () => {
  for (const name of [`${CONFIG}.cilium_bak`, `${CONFIG}.bak`, `${CONFIG}.1`]) {
    await using folder = await makeNode();
    const claim = createConfigClaim(folder.node);
    claim.placed(CONFIG);
    await folder.write(name);
    await folder.write(`${CONFIG}.other`, "{}");
    assertStringIncludes(String(await claim.look(CONFIG, 0)), `renamed to ${name}`);
    assertEquals(await createConfigClaim(folder.node).look(CONFIG, 0), undefined);
    assertEquals(folder.names(), [`${CONFIG}.other`]);
    assertEquals(await claim.look("99-danm.conf", 0), undefined, "a name that has not been tried");
  }
});

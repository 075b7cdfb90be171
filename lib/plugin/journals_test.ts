import { assertEquals, assertRejects } from "@std/assert";
import { inDirectory } from "../../tests/in_directory.ts";
import { openLocked } from "../host/files/open_locked.ts";
import { journalPath } from "../host/journal/journal_path.ts";
import { unusableClient } from "../kube/client/unusable_client.ts";
import { createBlockStore } from "../kube/blocks/block_store.ts";
import { readDanmConfig } from "./danm_config.ts";
import { openAttachment, targetOf } from "./journals.ts";
import type { NodeServices } from "./node_services.ts";

const CALL = { containerId: "c1", netns: "/ns", ifName: "eth0", args: new Map(), path: [] };

function servicesIn(stateDir: string, confirm: () => Promise<void>): NodeServices {
  const kube = unusableClient("/none", new Error("not used"));
  const config = readDanmConfig({ cniVersion: "1.1.0", name: "danm", type: "danm", kubeconfig: "/none", stateDir });
  const log = { write() {}, [Symbol.dispose]() {} };
  return { config, kube, blocks: createBlockStore(kube, config.apiGroup), log, confirm };
}

Deno.test("openAttachment() makes sure, under the lock, that the call still counts, and else lets go", async () => {
  await inDirectory(async (folder) => {
    const { signal } = new AbortController();
    let isLocked: boolean | undefined;
    const services = servicesIn(folder, async () => {
      using file = await Deno.open(journalPath(folder, targetOf(services, CALL).attachment));
      isLocked = !await file.tryLock(true);
      throw new Error("danm has gone away");
    });
    const target = targetOf(services, CALL);
    await assertRejects(() => openAttachment(services, target, target.attachment, signal), Error, "gone away");
    assertEquals(isLocked, true);
    (await openLocked(journalPath(folder, target.attachment), AbortSignal.timeout(60_000))).close();
  });
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Network } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { isNotFound } from "../../lib/kube/client/kube_error.ts";
import { eventually } from "../cluster/eventually.ts";
import { createTestNode } from "../runtime/test_node.ts";
import { complaint, GROUP, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const ROUNDS = 24;

/** The longest ADD of a free machine takes less; the deletion falls anywhere into it. */
const ADD_MS = 150;

Deno.test("danm attaches no Pod to a network that is gone, however an ADD and the deletion race", async () => {
  await using scene = await openWebhookScene();
  await using node = await createTestNode(scene.cluster);
  const networks = { ...resourceFor("DanmNet", GROUP), namespace: node.namespace };
  const read = async (name: string) => {
    return await node.client.get<Network>({ ...networks, name }, soon()).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  };
  const gone = (name: string) =>
    eventually(`see ${name} gone`, async () => await read(name) === undefined || undefined);
  const outcomes = { attached: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const name = `n${round}`;
    await node.createNetwork(name, { cidr: "10.3.0.0/24" });
    const made = (await read(name))!;
    await using container = await node.createContainer([{ network: name, ip: "dynamic" }]);
    const remove = () => node.client.delete({ ...networks, name }, soon()).then(() => "", String);
    // Now and then one after the other, so that either wins.
    const delay = round % 8 === 0 ? 10 * ADD_MS : round % 8 === 1 ? 0 : Math.random() * ADD_MS;
    if (delay === 0) await remove();
    const adding = node.runtime.call("ADD", container.sandbox);
    if (delay > 10 * ADD_MS - 1) await adding;
    else if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    const refusal = delay === 0 ? "" : await remove();
    const { code } = await adding;
    if (code === 0) {
      outcomes.attached++;
      assertEquals((await read(name))?.metadata.uid, made.metadata.uid, "it is there for as long as the Pod");
      if (refusal !== "") {
        assertStringIncludes(await complaint(node.client.delete({ ...networks, name }, soon())), "15");
      }
      await node.detach(container);
      if (refusal !== "") await node.client.delete({ ...networks, name }, soon());
    } else {
      outcomes.refused++;
      assertEquals(refusal, "", "nothing kept it from being deleted");
    }
    assertEquals(await node.leftovers(container), []);
    await gone(name);
  }
  assert(outcomes.attached > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});

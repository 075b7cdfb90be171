/** Makes of an attachment one that the version before had made: with one journal for each container, and no more. */

import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import type { AttachmentEntry } from "../../lib/plugin/attachment_entry.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";

/** A journal that version 0.1.0 has written, word for word but for names, identities and numbers. */
const JOURNAL = [
  '{"type":"begin","netns":"NETNS","netnsId":"NSID","args":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","NAMESPACE"],["K8S_POD_NAME","POD"],["K8S_POD_INFRA_CONTAINER_ID","CONTAINER"],["K8S_POD_UID","UID"]],"pod":{"namespace":"NAMESPACE","name":"POD","uid":"UID"},"host":"HOST","interfaces":[{"index":0,"name":"eth0","type":"macvlan","network":{"kind":"DanmNet","namespace":"NAMESPACE","name":"a","uid":"NETWORK"},"endpoint":"POD-8598a2172c2dc1b6-0"}]}',
  '{"type":"claim","index":0,"claim":{"block":"BLOCK","offset":OFFSET,"address":"ADDRESS","owner":"UID/CONTAINER/0"}}',
  '{"type":"delegates","index":0,"configs":[{"cniVersion":"0.4.0","name":"a","type":"macvlan","ipam":{},"master":"PARENT","mode":"bridge","mac":"MAC"}],"disableCheck":false}',
  '{"type":"delegated","index":0,"result":{"interfaces":[{"name":"eth0","mac":"MAC","sandbox":"NETNS"}],"ips":[],"routes":[],"dns":{}}}',
  '{"type":"setups","setups":[{"name":"eth0","mac":"MAC","addresses":["ADDRESS/24"],"routes":[{"dst":"10.60.0.0/16","gw":"10.1.0.3","table":150}],"rules":[{"from":"ADDRESS","table":150}]}]}',
  '{"type":"complete"}',
  "",
].join("\n");

/** What Pods of {@linkcode attachInFirstFormat} ask for, of a network `a` with rt_tables 150. */
export const OLD_REQUEST = { network: "a", ip: "dynamic", proutes: { "10.60.0.0/16": "10.1.0.3" } };

const soon = () => AbortSignal.timeout(30_000);

/** Attaches a Pod that asks for {@linkcode OLD_REQUEST}; resolves to the path of its journal. */
export async function attachInFirstFormat(node: TestNode, container: TestContainer): Promise<string> {
  await node.attach(container);
  const { runtime, client, namespace } = node;
  const { containerId, netns, pod } = container.sandbox;
  const written = runtime.journalOf(container.sandbox);
  const entries: AttachmentEntry[] = (await Deno.readTextFile(written)).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  const begin = entries.find((entry) => entry.type === "begin")!;
  const { claim } = entries.findLast((entry) => entry.type === "claim")!;
  const { setups: [setup] } = entries.find((entry) => entry.type === "setups")!;
  const owner = `${pod.uid}/${containerId}/0`;
  const values: Readonly<Record<string, string>> = {
    NETNS: netns,
    NSID: begin.netnsId,
    NAMESPACE: namespace,
    NETWORK: begin.interfaces[0]!.network.uid,
    POD: pod.name,
    CONTAINER: containerId,
    UID: pod.uid!,
    HOST: node.name,
    BLOCK: claim.block,
    OFFSET: `${claim.offset}`,
    ADDRESS: claim.address,
    PARENT: node.parent,
    MAC: setup!.mac!,
  };
  const text = JOURNAL.replaceAll(/[A-Z_]{3,}/g, (word) => values[word] ?? word)
    .replaceAll(new RegExp(`K8S_${pod.name}`, "g"), "K8S_POD");

  const block = { ...resourceFor("AddressBlock", "danm.k8s.io"), name: claim.block };
  for (const value of [null, owner]) {
    const patch = { type: "merge", body: { spec: { allocations: { [claim.offset]: value } } } } as const;
    await client.patch(block, patch, { signal: soon() });
  }
  const endpoints = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace };
  const { apiVersion, kind, metadata, spec } = await client.get<DanmEp>(
    { ...endpoints, name: begin.interfaces[0]!.endpoint },
    { signal: soon() },
  );
  await client.delete({ ...endpoints, name: metadata.name }, { signal: soon() });
  const { IfName: _ifName, ConfigName: _configName, ...before } = spec;
  const old = {
    apiVersion,
    kind,
    metadata: { name: `${pod.name}-8598a2172c2dc1b6-0`, namespace, labels: metadata.labels },
    spec: { ...before, EndpointID: owner },
  };
  await client.create(endpoints, old, { signal: soon() });
  await Deno.remove(written);
  const path = `${runtime.stateDir}/attachments/${containerId}`;
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  return path;
}

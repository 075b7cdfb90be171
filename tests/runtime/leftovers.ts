/** What danm may leave behind, wherever that may be; each found thing as a text for a failing assertion. */

import { type ApiGroup, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import type { TestNamespace } from "../netns.ts";

interface EndpointView {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly CID: string };
}

interface BlockView {
  readonly spec: { readonly allocations?: Readonly<Record<string, string>> };
}

/** DanmEps in `namespace` and addresses anywhere that belong to a container whose ID `isMeant`. */
export async function clusterLeftovers(
  client: KubeClient,
  namespace: string,
  isMeant: (containerId: string) => boolean,
  group: ApiGroup = DEFAULT_API_GROUP,
): Promise<string[]> {
  const [endpoints, blocks] = await Promise.all([
    client.list<EndpointView>({ ...resourceFor("DanmEp", group), namespace }, { signal: soon() }),
    client.list<BlockView>(resourceFor("AddressBlock", group), { signal: soon() }),
  ]);
  const owners = blocks.items.flatMap(({ spec }) => Object.values(spec.allocations ?? {}));
  return [
    ...endpoints.items.filter(({ spec }) => isMeant(spec.CID)).map(({ metadata }) => `DanmEp ${metadata.name}`),
    ...owners.filter((owner) => isMeant(owner.split("/")[1] ?? "")).map((owner) => `address of ${owner}`),
  ];
}

/** Journals of containers whose ID `isMeant`. */
export async function journalLeftovers(stateDir: string, isMeant: (containerId: string) => boolean): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(`${stateDir}/attachments`));
    return entries.filter(({ name }) => isMeant(name.split("@")[0]!)).map(({ name }) => `journal ${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Links and rules that an empty namespace does not have; none when it is gone. */
export async function namespaceLeftovers(netns: TestNamespace): Promise<string[]> {
  if (!await Deno.stat(netns.path).then(() => true, () => false)) return [];
  const [links, rules, rules6] = await Promise.all([
    netns.ip("-oneline", "-brief", "link", "show"),
    netns.ip("rule", "show"),
    netns.ip("-6", "rule", "show"),
  ]);
  const own = [
    ...lines(links).filter((line) => !line.startsWith("lo ")),
    ...[...lines(rules), ...lines(rules6)].filter((line) => !/^(0|32766|32767):\s+from all lookup/.test(line)),
  ];
  return own.map((line) => `in ${netns.name}: ${line}`);
}

/**
 * Running processes that were started for a container, danm itself or any plugin below it: they have its ID in their
 * environment. Source: proc(5).
 */
export async function processLeftovers(isMeant: (containerId: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => ""); // gone meanwhile
    const containerId = /(?:^|\0)CNI_CONTAINERID=([^\0]*)/.exec(await read("environ"))?.[1];
    if (containerId === undefined || !isMeant(containerId)) continue;
    found.push(`process ${name} of ${containerId}: ${(await read("cmdline")).replaceAll("\0", " ").slice(0, 200)}`);
  }
  return found;
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

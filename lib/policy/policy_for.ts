/** On which networks a policy holds. */

import type { ObjectMeta } from "../api/kube_object.ts";
import type { NetworkKind } from "../api/network.ts";
import { isObjectName } from "../api/object_name.ts";
import { networkKey } from "./network_key.ts";

/** The annotation in DANM's words, under both prefixes, and in those of the Network Plumbing Working Group. */
const OWN_KEYS = ["danm.k8s.io/policy-for", "danm.io/policy-for"];
const STANDARD_KEY = "k8s.v1.cni.cncf.io/policy-for";

/** What the kinds of network are called in annotations. */
const KINDS: Readonly<Record<string, NetworkKind>> = {
  network: "DanmNet",
  tenantnetwork: "TenantNetwork",
  clusternetwork: "ClusterNetwork",
};

/** The networks a policy names, by `networkKey()`, and what is wrong with how it names them, in sentences. */
export interface PolicyFor {
  /** Undefined when it names none, so that it holds wherever policies of its kind do. */
  readonly networks: ReadonlySet<string> | undefined;
  readonly problems: readonly string[];
}

/**
 * Reads the annotation. Entries of `danm.k8s.io/policy-for` are `network/NAME`, `tenantNetwork/NAME` or
 * `clusterNetwork/NAME`; those of `k8s.v1.cni.cncf.io/policy-for` are `[NAMESPACE/]NAME` of NetworkAttachmentDefinitions.
 * With one that cannot be read the policy still holds on the others.
 */
export function readPolicyFor({ namespace = "", annotations = {} }: ObjectMeta): PolicyFor {
  const own = OWN_KEYS.find((key) => annotations[key] !== undefined);
  const given = [...(own === undefined ? [] : [own]), STANDARD_KEY].filter((key) => annotations[key] !== undefined);
  if (given.length === 0) return { networks: undefined, problems: [] };
  const networks = new Set<string>();
  const problems: string[] = [];
  for (const key of given) {
    for (const entry of annotations[key]!.split(",").map((text) => text.trim()).filter((text) => text !== "")) {
      const network = key === STANDARD_KEY ? readDefinition(entry, namespace) : readNetwork(entry, namespace);
      if (network !== undefined) networks.add(network);
      else {problems.push(
          `annotation ${key} names ${JSON.stringify(entry)}, must be ${NOTATION[Number(key === STANDARD_KEY)]}`,
        );}
    }
  }
  return { networks, problems };
}

const NOTATION = [
  "network/NAME, tenantNetwork/NAME or clusterNetwork/NAME",
  "NAME or NAMESPACE/NAME of a NetworkAttachmentDefinition",
];

function readNetwork(entry: string, namespace: string): string | undefined {
  const [word = "", name = "", ...rest] = entry.split("/");
  const kind = Object.hasOwn(KINDS, word.toLowerCase()) ? KINDS[word.toLowerCase()] : undefined;
  if (kind === undefined || rest.length > 0 || !isObjectName(name)) return undefined;
  return networkKey({ kind, name, ...(kind !== "ClusterNetwork" && { namespace }) });
}

function readDefinition(entry: string, own: string): string | undefined {
  const parts = entry.split("/");
  if (parts.length > 2 || !parts.every((part) => isObjectName(part))) return undefined;
  const [name = "", namespace = own] = parts.toReversed();
  return networkKey({ kind: "NetworkAttachmentDefinition", namespace, name });
}

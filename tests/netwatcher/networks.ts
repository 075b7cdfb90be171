/** Networks and Events of a test's own namespace. */

import type { NetworkOptions } from "../../lib/api/network.ts";
import { apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { ATTACHMENT_DEFINITIONS } from "../../lib/api/attachment_definition.ts";
import { eventually } from "../cluster/eventually.ts";

const NETWORKS = resourceFor("DanmNet", DEFAULT_API_GROUP);

/** An Event as far as tests look at it. */
export interface SeenEvent {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid?: string };
}

/** The objects of one namespace. */
export interface NetworksOf {
  createNetwork(
    name: string,
    options: NetworkOptions,
    spec?: { NetworkID?: string; NetworkType?: string },
  ): Promise<void>;
  changeNetwork(name: string, options: object): Promise<void>;
  deleteNetwork(name: string): Promise<void>;
  createDefinition(name: string, config: unknown): Promise<void>;
  /** The configuration of a NetworkAttachmentDefinition, and how often it was changed. */
  definition(name: string): Promise<{ readonly config: Record<string, unknown>; readonly generation: number }>;
  /** Waits for an Event about `object`. */
  event(object: string, reason: string): Promise<SeenEvent>;
  events(object: string): Promise<SeenEvent[]>;
}

/** Access to `namespace`. */
export function networksOf(client: KubeClient, namespace: string): NetworksOf {
  const events = async (object: string) => {
    const ref = { group: "events.k8s.io", version: "v1", plural: "events", namespace };
    return (await client.list<SeenEvent>(ref, soon())).items.filter(({ regarding }) => regarding.name === object);
  };
  return {
    async createNetwork(name, Options, spec = {}) {
      const object = {
        apiVersion: apiVersionOf(DEFAULT_API_GROUP),
        kind: "DanmNet",
        metadata: { name },
        spec: { NetworkID: name, NetworkType: "macvlan", ...spec, Options },
      };
      await client.create({ ...NETWORKS, namespace }, object, soon());
    },
    async changeNetwork(name, Options) {
      await client.patch({ ...NETWORKS, namespace, name }, { type: "merge", body: { spec: { Options } } }, soon());
    },
    async deleteNetwork(name) {
      await client.delete({ ...NETWORKS, namespace, name }, soon());
    },
    async createDefinition(name, config) {
      const { group, version } = ATTACHMENT_DEFINITIONS;
      const text = typeof config === "string" ? config : JSON.stringify(config);
      const object = { apiVersion: `${group}/${version}`, kind: "NetworkAttachmentDefinition", metadata: { name } };
      await client.create({ ...ATTACHMENT_DEFINITIONS, namespace }, { ...object, spec: { config: text } }, soon());
    },
    async definition(name) {
      const { metadata, spec } = await client.get<{ metadata: { generation: number }; spec: { config: string } }>(
        { ...ATTACHMENT_DEFINITIONS, namespace, name },
        soon(),
      );
      return { config: JSON.parse(spec.config), generation: metadata.generation };
    },
    event: (object, reason) =>
      eventually(`see Event ${reason} of ${object}`, async () => {
        return (await events(object)).find((event) => event.reason === reason);
      }, 300),
    events,
  };
}

function soon(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(20_000) };
}

/** The CustomResourceDefinitions of DANM, made from the schemas. Source: Kubernetes API, apiextensions.k8s.io/v1. */

import { addressBlockSpecSchema } from "./address_block.ts";
import { danmEpSpecSchema } from "./danm_ep.ts";
import { vniUsageAnnotation } from "./labels.ts";
import { networkKindRules } from "./network_rules.ts";
import { networkSpecSchema } from "./network_schema.ts";
import type { NetworkKind } from "./network.ts";
import { API_VERSION, type ApiGroup, type Kind, resourceFor } from "./resource.ts";
import type { ObjectSchema } from "./schema.ts";
import { tenantConfigSchema } from "./tenant_config.ts";
import { vniWaitAnnotation } from "./vni_wait.ts";

/** One column of `kubectl get`; priority 1 shows with `-o wide` only. */
interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  /** Of an annotation or label it depends on the group. */
  readonly jsonPath: string | ((group: ApiGroup) => string);
  readonly priority?: 1;
}

/** What a definition says beyond names and scope. */
interface Definition {
  readonly schema: ObjectSchema;
  readonly shortNames: readonly string[];
  readonly columns: readonly Column[];
  readonly selectableFields?: readonly string[];
}

const AGE: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

const NETWORK_COLUMNS: readonly Column[] = [
  { name: "Type", type: "string", jsonPath: ".spec.NetworkType" },
  { name: "Device", type: "string", jsonPath: ".spec.Options.host_device" },
  { name: "VLAN", type: "integer", jsonPath: ".spec.Options.vlan" },
  { name: "VXLAN", type: "integer", jsonPath: ".spec.Options.vxlan" },
  { name: "CIDR", type: "string", jsonPath: ".spec.Options.cidr" },
  { name: "Net6", type: "string", jsonPath: ".spec.Options.net6" },
  { name: "NetworkID", type: "string", jsonPath: ".spec.NetworkID", priority: 1 },
  { name: "DevicePool", type: "string", jsonPath: ".spec.Options.device_pool", priority: 1 },
  AGE,
];

/** Source: Kubernetes, "JSONPath Support": dots of a key are escaped. */
function annotationPath(key: string): string {
  return `.metadata.annotations.${key.replaceAll(".", "\\.")}`;
}

/** What a TenantNetwork is still to get before Pods can use it. */
const WAITS_FOR: Column = {
  name: "WaitsFor",
  type: "string",
  jsonPath: (group) => annotationPath(vniWaitAnnotation(group)),
};

function withSpec(description: string, spec: ObjectSchema): ObjectSchema {
  return { description, type: "object", required: ["spec"], properties: { spec } };
}

function network(
  kind: NetworkKind,
  description: string,
  shortNames: readonly string[],
  columns: readonly Column[] = NETWORK_COLUMNS,
): Definition {
  const rules = [...networkSpecSchema["x-kubernetes-validations"], ...networkKindRules[kind]];
  const spec = { ...networkSpecSchema, "x-kubernetes-validations": rules };
  return { schema: withSpec(description, spec), shortNames, columns };
}

const DEFINITIONS: Readonly<Record<Kind, Definition>> = {
  DanmNet: network("DanmNet", "A network that the Pods of its namespace can join.", ["dnet", "dn"]),
  TenantNetwork: network(
    "TenantNetwork",
    "A network that the Pods of its namespace can join, on physical resources that a TenantConfig allows.",
    ["tnet", "tn"],
    [...NETWORK_COLUMNS, WAITS_FOR],
  ),
  ClusterNetwork: network("ClusterNetwork", "A network that the Pods of all, or of chosen, namespaces can join.", [
    "cnet",
    "cn",
  ]),
  DanmEp: {
    schema: withSpec("The record of one interface of one Pod. Written only by DANM.", danmEpSpecSchema),
    shortNames: ["dep", "de"],
    selectableFields: [".spec.Host", ".spec.Pod", ".spec.NetworkName", ".spec.CID"],
    columns: [
      { name: "Pod", type: "string", jsonPath: ".spec.Pod" },
      { name: "Interface", type: "string", jsonPath: ".spec.Interface.Name" },
      { name: "Network", type: "string", jsonPath: ".spec.NetworkName" },
      { name: "Kind", type: "string", jsonPath: ".spec.apiType" },
      { name: "Address", type: "string", jsonPath: ".spec.Interface.Address" },
      { name: "AddressIPv6", type: "string", jsonPath: ".spec.Interface.AddressIPv6" },
      { name: "Host", type: "string", jsonPath: ".spec.Host" },
      { name: "Type", type: "string", jsonPath: ".spec.NetworkType", priority: 1 },
      { name: "MAC", type: "string", jsonPath: ".spec.Interface.MacAddress", priority: 1 },
      { name: "Container", type: "string", jsonPath: ".spec.CID", priority: 1 },
      AGE,
    ],
  },
  TenantConfig: {
    schema: tenantConfigSchema,
    shortNames: ["tconf", "tc"],
    columns: [
      { name: "HostDevices", type: "string", jsonPath: ".hostDevices" },
      { name: "NetworkIDs", type: "string", jsonPath: ".networkIds" },
      { name: "InUse", type: "string", jsonPath: (group) => annotationPath(vniUsageAnnotation(group)) },
      AGE,
    ],
  },
  AddressBlock: {
    schema: withSpec(
      "A run of addresses of a network, or of VLAN or VXLAN numbers on a device, each held by at most one owner. " +
        "Written only by DANM.",
      addressBlockSpecSchema,
    ),
    shortNames: ["ab"],
    selectableFields: [".spec.network.kind", ".spec.network.namespace", ".spec.network.name"],
    columns: [
      { name: "Kind", type: "string", jsonPath: ".spec.network.kind" },
      { name: "Namespace", type: "string", jsonPath: ".spec.network.namespace" },
      { name: "Network", type: "string", jsonPath: ".spec.network.name" },
      { name: "Device", type: "string", jsonPath: ".spec.device" },
      { name: "VNI", type: "string", jsonPath: ".spec.vniType" },
      { name: "Base", type: "string", jsonPath: ".spec.base" },
      { name: "Size", type: "integer", jsonPath: ".spec.size" },
      { name: "Allocations", type: "string", jsonPath: ".spec.allocations", priority: 1 },
      AGE,
    ],
  },
};

/** The schema of an object of `kind`, without the frame that all objects have. */
export function objectSchema(kind: Kind): ObjectSchema {
  return DEFINITIONS[kind].schema;
}

/** The CustomResourceDefinition of `kind` under `group`, ready to be applied. */
export function customResourceDefinition(kind: Kind, group: ApiGroup) {
  const { schema, shortNames, columns, selectableFields } = DEFINITIONS[kind];
  const { plural, namespaced } = resourceFor(kind, group);
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      // The API server refuses *.k8s.io groups without it.
      ...(group.endsWith(".k8s.io") && {
        annotations: { "api-approved.kubernetes.io": "unapproved, the group of the original DANM" },
      }),
    },
    spec: {
      group,
      scope: namespaced ? "Namespaced" : "Cluster",
      names: { plural, singular, kind, listKind: `${kind}List`, shortNames, categories: ["danm"] },
      versions: [{
        name: API_VERSION,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        additionalPrinterColumns: columns.map((column) => ({
          ...column,
          jsonPath: typeof column.jsonPath === "string" ? column.jsonPath : column.jsonPath(group),
        })),
        ...(selectableFields && { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
      }],
    },
  } as const;
}

import type { NetworkSpec } from "../../api/network.ts";
import type { TenantConfigBody } from "../../api/tenant_config.ts";

/** A TenantConfig that lets tenants have a network of `spec`, as far as devices and backends go. */
export function configFor({ NetworkType = "ipvlan", NetworkID = "" }: NetworkSpec): TenantConfigBody {
  const isStatic = !["", "ipvlan", "macvlan", "sriov"].includes(NetworkType.toLowerCase());
  return { hostDevices: [{ name: "ens4" }], ...(isStatic && { networkIds: { [NetworkType]: NetworkID || "any" } }) };
}

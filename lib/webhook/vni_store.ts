/** VLAN and VXLAN numbers in AddressBlocks: the API server itself decides who gets one. */

import type { AddressBlock } from "../api/address_block.ts";
import { type ApiGroup, resourceFor } from "../api/resource.ts";
import { vniBlock, vniBlockBase, vniBlockName, type VniSpace, vniSpaceKey, vniSpaceLabel } from "../admit/vni_block.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isAlreadyExists, isInvalid, isNotFound } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import { jsonPointer } from "../kube/client/patch.ts";

/** Where numbers are kept. Every write may be repeated when its answer was lost. */
export interface VniStore {
  /** The blocks of `space`, or of all spaces; as of now. */
  list(space: VniSpace | undefined, signal: AbortSignal): Promise<readonly AddressBlock[]>;
  /** Who holds `vni`; undefined when nobody does. */
  holder(space: VniSpace, vni: number, signal: AbortSignal): Promise<string | undefined>;
  /** Takes each number for its owner. Resolves to those that their owners hold now, also from before. */
  take(space: VniSpace, owners: ReadonlyMap<number, string>, signal: AbortSignal): Promise<ReadonlySet<number>>;
  /** Releases a number if `owner` holds it. */
  release(block: string, offset: number, owner: string, signal: AbortSignal): Promise<void>;
}

/** Without this the server records who set which of hundreds of keys. Source: Kubernetes, "Clearing managedFields". */
const NO_MANAGED_FIELDS = [{}];

/** The store of the AddressBlocks of `group`. */
export function createVniStore(kube: KubeClient, group: ApiGroup): VniStore {
  const blocks = resourceFor("AddressBlock", group);

  async function holder(space: VniSpace, vni: number, signal: AbortSignal): Promise<string | undefined> {
    const base = vniBlockBase(vni);
    try {
      const { spec } = await kube.get<AddressBlock>({ ...blocks, name: vniBlockName(space, base) }, { signal });
      return spec.allocations?.[vni - base];
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function create(space: VniSpace, base: number, signal: AbortSignal): Promise<void> {
    try {
      await kube.create(blocks, vniBlock(space, base, group), { signal, idempotent: true });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  /** All at once; when one of them is taken the server refuses them all, and they are tried one by one. */
  async function takeInBlock(
    space: VniSpace,
    base: number,
    owners: readonly (readonly [number, string])[],
    signal: AbortSignal,
  ): Promise<number[]> {
    const ref = { ...blocks, name: vniBlockName(space, base) };
    const allocations = Object.fromEntries(owners.map(([vni, owner]) => [vni - base, owner]));
    const body = { metadata: { managedFields: NO_MANAGED_FIELDS }, spec: { allocations } };
    const patch = () => kube.patch(ref, { type: "merge", body }, { signal, idempotent: true });
    try {
      await patch().catch(async (error) => {
        if (!isNotFound(error)) throw error;
        await create(space, base, signal);
        await patch();
      });
      return owners.map(([vni]) => vni);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      const [only, ...others] = owners;
      if (only === undefined || others.length > 0) {
        return (await Promise.all(owners.map((one) => takeInBlock(space, base, [one], signal)))).flat();
      }
      const [vni, owner] = only;
      const now = await holder(space, vni, signal);
      if (now === undefined) throw error; // nobody holds it, so it is the request that is wrong
      return now === owner ? [vni] : [];
    }
  }

  return {
    list(space, signal) {
      const label = vniSpaceLabel(group);
      const labelSelector = space === undefined ? label : `${label}=${vniSpaceKey(space)}`;
      return listAll<AddressBlock>(kube, blocks, { labelSelector, signal });
    },

    holder,

    async take(space, owners, signal) {
      const byBase = Map.groupBy(owners, ([vni]) => vniBlockBase(vni));
      const taken = await Promise.all([...byBase].map(([base, part]) => takeInBlock(space, base, part, signal)));
      return new Set(taken.flat());
    },

    async release(block, offset, owner, signal) {
      const path = jsonPointer("spec", "allocations", String(offset));
      const operations = [
        { op: "test", path, value: owner },
        { op: "remove", path },
        { op: "add", path: "/metadata/managedFields", value: NO_MANAGED_FIELDS },
      ] as const;
      try {
        await kube.patch({ ...blocks, name: block }, { type: "json", operations }, { signal, idempotent: true });
      } catch (error) {
        if (!isInvalid(error) && !isNotFound(error)) throw error; // somebody released it, or it is another's
      }
    },
  };
}

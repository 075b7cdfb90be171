/** Numbers in AddressBlock objects, whatever they number: the API server itself sees to it that each has one owner. */

import type { AddressBlock } from "../../api/address_block.ts";
import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { KubeClient } from "../client/client.ts";
import { isAlreadyExists, isInvalid, isNotFound, type KubeError } from "../client/kube_error.ts";
import { type JsonPatchOperation, jsonPointer, type Patch } from "../client/patch.ts";

/**
 * Attempts to take a number before the refusal is the answer, when each time nobody turns out to hold it: a number that
 * changes hands quickly may have been released again three times in a row, but hardly ten times.
 */
const TAKE_ATTEMPTS = 10;

/**
 * Without this in a write the server records who set which of hundreds of keys; emptying the record doubles the writes
 * per second. Source: Kubernetes API concepts, "Clearing managedFields".
 */
export const NO_MANAGED_FIELDS = [{}];

/** The blocks of one API group. Every write may be repeated when its answer was lost. Rejects as the client does. */
export interface NumberBlocks {
  /** @param anyVersion whether the answer may be what the server remembers */
  read(name: string, signal: AbortSignal, anyVersion?: boolean): Promise<AddressBlock | undefined>;
  /** Makes `block`, unless it is there. Resolves to the one that is there. */
  create(block: AddressBlock, signal: AbortSignal): Promise<AddressBlock>;
  patch(name: string, patch: Patch, signal: AbortSignal): Promise<AddressBlock>;
  /**
   * Takes a number for `owner` unless somebody holds it. Resolves to the block, which says who holds it now. Rejects with
   * NotFound when there is no such block.
   *
   * @param forget offsets of which need not be known any more when they were released
   * @param mark metadata to write with it
   */
  take(
    name: string,
    offset: number,
    owner: string,
    signal: AbortSignal,
    options?: { readonly forget?: readonly number[]; readonly mark?: object },
  ): Promise<AddressBlock>;
  /** Releases a number if `owner` holds it; `beside` is done in the same step. */
  release(
    name: string,
    offset: number,
    owner: string,
    signal: AbortSignal,
    beside?: readonly JsonPatchOperation[],
  ): Promise<void>;
}

/** The blocks of `group`. */
export function createNumberBlocks(client: KubeClient, group: ApiGroup): NumberBlocks {
  const blocks = resourceFor("AddressBlock", group);

  async function read(name: string, signal: AbortSignal, anyVersion = false): Promise<AddressBlock | undefined> {
    const request = client.get<AddressBlock>({ ...blocks, name }, { signal, anyVersion });
    return (await outcomeOf(request, isNotFound)).answer;
  }

  async function patch(name: string, patch: Patch, signal: AbortSignal): Promise<AddressBlock> {
    return await client.patch<AddressBlock>({ ...blocks, name }, patch, { signal, idempotent: true });
  }

  return {
    read,
    patch,

    async create(block, signal) {
      const request = client.create<AddressBlock>(blocks, block, { signal, idempotent: true });
      const { answer } = await outcomeOf(request, isAlreadyExists);
      return answer ?? await client.get<AddressBlock>({ ...blocks, name: block.metadata.name }, { signal });
    },

    async take(name, offset, owner, signal, { forget = [], mark = {} } = {}) {
      for (let attempt = 1;; attempt++) {
        const takeIt = patch(name, takePatch({ [offset]: owner }, forget, mark), signal);
        const { answer, refusal } = await outcomeOf(takeIt, isInvalid);
        if (answer) return answer;
        const block = await read(name, signal);
        if (block?.spec.allocations?.[offset] !== undefined) return block;
        if (attempt === TAKE_ATTEMPTS) throw refusal; // nobody holds it, so it is the request that is wrong
      }
    },

    async release(name, offset, owner, signal, beside = []) {
      const releaseIt = patch(name, releasePatch({ [offset]: owner }, beside), signal);
      const { refusal } = await outcomeOf(releaseIt, isInvalidOrNotFound);
      if (!refusal) return;
      const now = (await read(name, signal))?.spec.allocations?.[offset];
      if (now === owner) throw refusal; // it was not the test that failed
    },
  };
}

/**
 * Takes all offsets of `owners`, or none: the server refuses to change the owner of one that is taken. Source: RFC 7396.
 *
 * @param owners who takes it, by offset
 * @param forget offsets of which need not be known any more when they were released
 * @param mark metadata to write with it
 */
export function takePatch(
  owners: Readonly<Record<string, string>>,
  forget: readonly number[] = [],
  mark: object = {},
): Patch {
  const metadata = { ...mark, managedFields: NO_MANAGED_FIELDS };
  const released = Object.fromEntries([...Object.keys(owners), ...forget].map((each) => [each, null]));
  return { type: "merge", body: { metadata, spec: { allocations: owners, released } } };
}

/**
 * Releases all offsets of `owners` if each holds its own, or none. Source: RFC 6902.
 *
 * @param beside is done in the same step
 */
export function releasePatch(
  owners: Readonly<Record<string, string>>,
  beside: readonly JsonPatchOperation[] = [],
): Patch {
  const allocations = Object.entries(owners).flatMap(([offset, value]): JsonPatchOperation[] => {
    const path = jsonPointer("spec", "allocations", offset);
    return [{ op: "test", path, value }, { op: "remove", path }];
  });
  const managedFields = { op: "add", path: "/metadata/managedFields", value: NO_MANAGED_FIELDS } as const;
  return { type: "json", operations: [...allocations, ...beside, managedFields] };
}

export function isInvalidOrNotFound(error: unknown): error is KubeError {
  return isInvalid(error) || isNotFound(error);
}

/** What came of a request: its answer, or a refusal that was to be reckoned with. */
type Outcome<Answer> =
  | { readonly answer: Answer; readonly refusal?: undefined }
  | { readonly answer?: undefined; readonly refusal: KubeError };

/** Waits for `request`, and rejects as it does unless that `isExpected`. */
export async function outcomeOf<Answer>(
  request: Promise<Answer>,
  isExpected: (error: unknown) => error is KubeError,
): Promise<Outcome<Answer>> {
  try {
    return { answer: await request };
  } catch (error) {
    if (isExpected(error)) return { refusal: error };
    throw error;
  }
}

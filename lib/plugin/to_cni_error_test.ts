import { assertEquals } from "@std/assert";
import type { Network } from "../api/network.ts";
import { NetworkNotReadyError } from "../attach/interface_plan.ts";
import { CniError } from "../cni/error.ts";
import { DelegateInterruptedError } from "../delegate/run_delegate.ts";
import { JournalError } from "../host/journal/attachment_journal.ts";
import { KubeError, KubeUnreachableError } from "../kube/client/kube_error.ts";
import { toCniError } from "./to_cni_error.ts";

const silent = new KubeUnreachableError("https://a", "connect", "refused");
const answer = (status: number) => new KubeError("GET /", status, "", "no");
const late = new DOMException("the deadline of 1 s has passed", "TimeoutError");
const lasting = new Error("no such parent");

const notReady = new NetworkNotReadyError(0, { kind: "TenantNetwork", metadata: { name: "a" } } as Network, "not yet");

const CODES: readonly (readonly [string, unknown, number])[] = [
  ["a silent API server", silent, 11],
  ["a certificate that nobody trusts", new KubeUnreachableError("https://a", "certificate", "unknown issuer"), 100],
  ["a busy API server", answer(429), 11],
  ["an API server that fails", answer(503), 11],
  ["an API server that refuses", answer(403), 100],
  ["the deadline", late, 11],
  ["a delegate that was killed at the deadline", new DelegateInterruptedError("Plugin a did not end", late), 11],
  ["a delegate that was killed for another reason", new DelegateInterruptedError("Plugin a did not end", lasting), 100],
  ["a journal that cannot be written", new JournalError("append to", "/a", new Error("no space")), 5],
  ["a network that is not ready", notReady, 11],
  ["a lasting reason", lasting, 100],
  ["passing reasons only", new AggregateError([silent, new AggregateError([late, answer(500)])]), 11],
  ["one lasting reason among passing ones", new AggregateError([silent, new AggregateError([late, lasting])]), 100],
  ["an error of the protocol", new CniError(7, "no"), 7],
];

for (const [what, error, code] of CODES) {
  Deno.test(`toCniError() has code ${code} for ${what}`, () => {
    assertEquals(toCniError(error, "ADD").code, code);
  });
}

Deno.test("toCniError() has code 50 for whatever keeps STATUS from succeeding", () => {
  assertEquals([lasting, silent].map((error) => toCniError(error, "STATUS").code), [50, 50]);
});

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { KubeError, KubeUnreachableError, type UnreachableKind } from "./kube_error.ts";
import { MAX_ATTEMPTS, retryDelay } from "./retry_policy.ts";

const READ = { idempotent: true, conflictMeansBusy: false };
const WRITE = { idempotent: false, conflictMeansBusy: false };
const PATCH = { idempotent: false, conflictMeansBusy: true };

const answer = (status: number, retryAfterMs?: number) => new KubeError("GET /x", status, "", "no", retryAfterMs);
const silence = (kind: UnreachableKind) => new KubeUnreachableError("https://h", kind, kind);
const repeats = (failure: KubeError | KubeUnreachableError, request: typeof READ) =>
  retryDelay(failure, request, 1, 0.5) !== undefined;

for (
  const [failure, read, write, patch] of [
    [answer(400), false, false, false],
    [answer(401), false, false, false],
    [answer(403), false, false, false],
    [answer(404), false, false, false],
    [answer(409), false, false, true],
    [answer(410), false, false, false],
    [answer(422), false, false, false],
    [answer(429), true, true, true],
    [answer(500), true, false, false],
    [answer(502), true, false, false],
    [answer(503), true, true, true],
    [answer(504), true, false, false],
    [silence("connect"), true, true, true],
    [silence("certificate"), false, false, false],
    [silence("lost"), true, false, false],
    [silence("deadline"), false, false, false],
  ] as const
) {
  Deno.test(`retryDelay() repeats after "${failure.message}": read ${read}, write ${write}, patch ${patch}`, () => {
    assertEquals([READ, WRITE, PATCH].map((request) => repeats(failure, request)), [read, write, patch]);
  });
}

Deno.test("retryDelay() waits at least as long as the server asks", () => {
  assertEquals(retryDelay(answer(429, 2000), WRITE, 1, 0), 2000);
});

Deno.test("retryDelay() grows from attempt to attempt up to a bound, and gives up", () => {
  const delays = Array.from({ length: MAX_ATTEMPTS }, (_, index) => retryDelay(answer(503), WRITE, index + 1, 0.999));
  assertEquals(delays.at(-1), undefined);
  assertEquals(delays.map((delay) => delay && Math.ceil(delay)).slice(0, 3), [50, 100, 200]);
  assertEquals(Math.ceil(Math.max(...delays.map((delay) => delay ?? 0))), 4995);
});

Deno.test("retryDelay() spreads writers over the whole interval", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_ATTEMPTS - 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, r) => {
      const [none, some, all] = [0, r, 1].map((random) => retryDelay(answer(503), WRITE, n, random)!);
      assertEquals(none, 0);
      assertEquals(some, r * all!);
    }),
  );
});

import { X509Certificate } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import { currentCertificates } from "./certificate_secret.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const YEARS_MS = 3 * 365 * 24 * 60 * 60_000;

/** Does `work` in a process whose clock is wrong by `ms`. */
async function withClockOff<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [string | number | Date]) {
      super(args.length === 0 ? RealDate.now() + ms : args[0]);
    }
    static override now(): number {
      return RealDate.now() + ms;
    }
  } as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
  }
}

Deno.test("currentCertificates() goes by the API server's clock, so that replicas agree whose own clocks are wrong", async () => {
  const place = { namespace: await cluster.createNamespace(), name: "certificates" };
  const current = () => currentCertificates(client, place, ["hook.test"], undefined, AbortSignal.timeout(30_000));
  const made = await withClockOff(YEARS_MS, current);
  const { validFrom, validTo } = new X509Certificate(made.certPem);
  assert(new Date(validFrom) <= new Date() && new Date() < new Date(validTo), `${validFrom} to ${validTo}`);
  for (const ms of [0, -YEARS_MS, YEARS_MS]) assertEquals(await withClockOff(ms, current), made);
});

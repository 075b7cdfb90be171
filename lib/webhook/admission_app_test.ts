import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Log } from "../host/serving/log.ts";
import { createAdmissionApp, type Reviewer } from "./admission_app.ts";
import type { Verdict } from "./admission_review.ts";

const LIMITS = { maxBytes: 2000, deadlineMs: 200 };
const log: Log = { write() {}, [Symbol.dispose]() {} };

const REVIEW = {
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "705ab4f5",
    kind: { group: "danm.k8s.io", version: "v1", kind: "DanmNet" },
    operation: "CREATE",
    userInfo: { username: "admin" },
    object: { metadata: { name: "a" }, spec: {} },
  },
};

function appWith(review: Reviewer) {
  return createAdmissionApp({ reviewers: { "/validate": review }, log, observer: { reviewed() {} }, limits: LIMITS });
}

async function post(
  body: BodyInit,
  { path = "/validate", method = "POST", verdict = { allowed: true } as Verdict } = {},
) {
  const init = method === "GET" ? { method } : { method, body };
  const response = await appWith(() => Promise.resolve(verdict)).request(path, init);
  return { status: response.status, text: await response.text(), allow: response.headers.get("allow") };
}

Deno.test("createAdmissionApp() answers a review with its uid, verdict and patch", async () => {
  const patch = [{ op: "add", path: "/spec/NetworkID", value: "ä" }] as const;
  const allowed = await post(JSON.stringify(REVIEW), { verdict: { allowed: true, warnings: ["w"], patch } });
  assertEquals(allowed.status, 200);
  const { apiVersion, kind, response } = JSON.parse(allowed.text);
  assertEquals([apiVersion, kind, response.uid], ["admission.k8s.io/v1", "AdmissionReview", "705ab4f5"]);
  const bytes = Uint8Array.from(atob(response.patch), (letter) => letter.charCodeAt(0));
  assertEquals(JSON.parse(new TextDecoder().decode(bytes)), patch);
  assertEquals([response.allowed, response.patchType, response.warnings], [true, "JSONPatch", ["w"]]);
  const verdict = { allowed: false, code: 403, reason: "Forbidden", message: "no" } as const;
  const denied = JSON.parse((await post(JSON.stringify(REVIEW), { verdict })).text);
  assertEquals(denied.response, {
    uid: "705ab4f5",
    allowed: false,
    status: { code: 403, reason: "Forbidden", message: "no" },
  });
});

Deno.test("createAdmissionApp() answers 404 and 405 for what it does not serve", async () => {
  assertEquals((await post("{}", { path: "/other" })).status, 404);
  assertEquals((await post("{}", { path: "/" })).status, 404);
  const get = await post("", { method: "GET" });
  assertEquals([get.status, get.allow], [405, "POST"]);
  assertEquals((await post("{}", { method: "PUT" })).status, 405);
});

Deno.test("createAdmissionApp() answers 400 for what is no AdmissionReview", async () => {
  const { request } = REVIEW;
  const wrong = [
    "",
    "{",
    "null",
    "[]",
    '"x"',
    "{}",
    JSON.stringify({ ...REVIEW, kind: "Pod" }),
    JSON.stringify({ ...REVIEW, apiVersion: "admission.k8s.io/v1beta1" }),
    JSON.stringify({ ...REVIEW, request: undefined }),
    JSON.stringify({ ...REVIEW, request: { ...request, uid: 5 } }),
    JSON.stringify({ ...REVIEW, request: { ...request, operation: "CONNECT" } }),
    JSON.stringify({ ...REVIEW, request: { ...request, kind: "DanmNet" } }),
    JSON.stringify({ ...REVIEW, request: { ...request, object: null } }),
    JSON.stringify({ ...REVIEW, request: { ...request, object: {} } }),
    JSON.stringify({ ...REVIEW, request: { ...request, operation: "DELETE", oldObject: [] } }),
  ];
  for (const body of wrong) {
    const { status, text } = await post(body);
    assertEquals(status, 400, body);
    assertStringIncludes(text, "Cannot read the request");
  }
});

Deno.test("createAdmissionApp() answers 413 for a body that is too large, whether it says so or not", async () => {
  assertEquals((await post("x".repeat(LIMITS.maxBytes + 1))).status, 413);
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(500)),
  });
  const response = await appWith(() => Promise.reject(new Error("not reached"))).request("/validate", {
    method: "POST",
    body: endless,
  });
  assertEquals(response.status, 413);
  const padded = JSON.stringify(REVIEW);
  assertEquals((await post(padded.padEnd(LIMITS.maxBytes))).status, 200);
});

Deno.test("createAdmissionApp() answers 408 for a body that does not come", async () => {
  const silent = new ReadableStream({ start() {} });
  const response = await appWith(() => Promise.reject(new Error("not reached"))).request("/validate", {
    method: "POST",
    body: silent,
  });
  assertEquals(response.status, 408);
});

Deno.test("createAdmissionApp() denies what it cannot judge, with the reason and within the caller's patience", async () => {
  const failing = appWith(() => Promise.reject(new Error("the API server is away")));
  const answer = await (await failing.request("/validate", { method: "POST", body: JSON.stringify(REVIEW) })).json();
  assertEquals([answer.response.allowed, answer.response.status.code], [false, 500]);
  assertStringIncludes(answer.response.status.message, "the API server is away");
  const patient = appWith((_, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const late = await patient.request("/validate?timeout=1s", { method: "POST", body: JSON.stringify(REVIEW) });
  assert(!(await late.json()).response.allowed);
});

Deno.test("createAdmissionApp() reads who comes, though others announce more than there is memory for and send nothing", async () => {
  const limits = { ...LIMITS, maxBytes: 3 * 1024 * 1024, deadlineMs: 60_000 };
  const reviewers = { "/validate": () => Promise.resolve<Verdict>({ allowed: true }) };
  const app = createAdmissionApp({ reviewers, log, observer: { reviewed() {} }, limits });
  const post = async (body: BodyInit, headers = {}) =>
    (await app.request("/validate", { method: "POST", body, headers })).status;
  const announced = { "content-length": String(limits.maxBytes) };
  const senders: ReadableStreamDefaultController[] = [];
  const silent = Array.from({ length: 16 }, () => {
    const body = new ReadableStream({ start: (controller) => void senders.push(controller) });
    return post(body, announced);
  });
  assertEquals(await post(JSON.stringify(REVIEW)), 200);
  assertEquals(await silent[0], 503);
  for (const sender of senders.slice(1)) sender.close();
  assertEquals(new Set(await Promise.all(silent.slice(1))), new Set([400]));
});

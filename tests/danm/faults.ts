/**
 * Every request that danm makes of the API server, and what becomes of the call when that request meets each kind of
 * fault. `faults_cluster_test.ts` runs all of it.
 */

import type { Fault, FaultAction, ProxiedRequest } from "../cluster/fault.ts";

/**
 * What becomes of a call:
 * - `works`: it succeeds all the same;
 * - `undone`: it fails, and has left nothing;
 * - `kept`: it fails, and as the API server cannot be told, the journal keeps what a later DEL takes back;
 * - `believed`: it succeeds because nobody says that there is anything, and a later DEL finds what there is.
 */
export type Outcome = "works" | "undone" | "kept" | "believed";

/** What befalls a request: every time it is made, unless it is `... once`. */
export const FAULTS = [
  "401",
  "403",
  "404",
  "409",
  "422",
  "429",
  "500",
  "hangs",
  "dropped before",
  "dropped after",
  "down from here on",
  "429 once",
  "500 once",
  "dropped before once",
  "dropped after once",
  "slow",
] as const;
export type FaultName = typeof FAULTS[number];

/** A request of one call. */
export interface FaultPoint {
  readonly verb: "ADD" | "DEL";
  /** Whether the node has a journal of the container; before ADD it never has. */
  readonly journal: boolean;
  /** What the request is for. */
  readonly step: string;
  readonly request: Required<Pick<ProxiedRequest, "method">> & { readonly path: RegExp };
  /** Which of the requests that look like this it is, from 1; later ones may repeat it. */
  readonly nth: number;
  /** Whether it is made for one interface, which the error names. */
  readonly inInterface: boolean;
  /** Whether the network's block exists before the first ADD. */
  readonly hasBlock?: boolean;
  /** Without an outcome there is nothing to be run. */
  readonly outcomes: Readonly<Record<FaultName, Outcome | undefined>>;
  /** What the error says, where that is not what the API server did. */
  readonly says?: Readonly<Partial<Record<FaultName, RegExp>>>;
}

const POD = { method: "GET", path: /\/pods\// };
const NETWORK = { method: "GET", path: /\/danmnets\// };
const BLOCK = { method: "GET", path: /\/addressblocks\// };
const NEW_BLOCK = { method: "POST", path: /\/addressblocks$/ };
const ADDRESS = { method: "PATCH", path: /\/addressblocks\// };
const NEW_RECORD = { method: "POST", path: /\/danmeps$/ };
const STATUS = { method: "PATCH", path: /\/pods\/[^/]+\/status/ };
const RECORDS = { method: "GET", path: /\/danmeps\?/ };
const RECORD = { method: "DELETE", path: /\/danmeps\// };

/** Faults that pass are overcome; others are not, and lead to `lasting`. */
function outcomes(lasting: Outcome, exceptions: Partial<FaultPoint["outcomes"]> = {}): FaultPoint["outcomes"] {
  const usual = FAULTS.map((name) => [name, isPassing(name) ? "works" : lasting]);
  return { ...Object.fromEntries(usual), ...exceptions };
}

const ADD = { verb: "ADD", journal: false, nth: 1 } as const;
const DEL = { verb: "DEL", journal: true, nth: 1, inInterface: true } as const;
const DEL_WITHOUT_JOURNAL = { ...DEL, journal: false };

/** Whether an agent may have no need of a request, as it remembers what it would be told. */
export function isRemembered({ request }: FaultPoint): boolean {
  return request === POD || request === NETWORK;
}

/** In the order in which one call makes them; the network has room for one block, and the container one interface. */
export const FAULT_POINTS: readonly FaultPoint[] = [
  { ...ADD, step: "read the Pod", request: POD, inInterface: false, outcomes: outcomes("undone") },
  {
    ...ADD,
    step: "read the network",
    request: NETWORK,
    inInterface: false,
    outcomes: outcomes("undone"),
    says: { "404": /entry 0: there is no DanmNet "/ },
  },
  {
    ...ADD,
    step: "read the block",
    request: BLOCK,
    inInterface: true,
    // There is none yet, so 404 is what it is told anyway.
    outcomes: outcomes("undone", { "404": "works", "down from here on": "kept" }),
  },
  {
    ...ADD,
    step: "create the block with the address taken",
    request: NEW_BLOCK,
    inInterface: true,
    outcomes: outcomes("undone", { "down from here on": "kept" }),
  },
  // The same request gives the address back.
  {
    ...ADD,
    hasBlock: true,
    step: "take the address",
    request: ADDRESS,
    inInterface: true,
    // These two say that nothing was taken, which a look at the block confirms.
    outcomes: outcomes("kept", { "404": "undone", "422": "undone" }),
  },
  {
    ...ADD,
    step: "record the interface",
    request: NEW_RECORD,
    inInterface: true,
    outcomes: outcomes("undone", { "down from here on": "kept" }),
  },
  {
    ...ADD,
    step: "look at the network again",
    request: NETWORK,
    nth: 2,
    inInterface: true,
    outcomes: outcomes("undone", { "down from here on": "kept" }),
    says: { "404": /was deleted meanwhile/ },
  },
  {
    ...ADD,
    step: "write the network status",
    request: STATUS,
    inInterface: true,
    // A Pod without the annotation has its network all the same. What else is asked for goes on beside it.
    outcomes: outcomes("works", { "down from here on": undefined }),
  },
  { ...DEL, step: "delete the record", request: RECORD, outcomes: outcomes("kept", { "404": "believed" }) },
  { ...DEL, step: "release the address", request: ADDRESS, outcomes: outcomes("kept") },
  {
    ...DEL_WITHOUT_JOURNAL,
    step: "find the records",
    request: RECORDS,
    inInterface: false,
    // A node that has noted nothing has nothing to do, as far as it can tell.
    outcomes: outcomes("believed"),
  },
  {
    ...DEL_WITHOUT_JOURNAL,
    step: "read the block",
    request: BLOCK,
    // An API server without the block has lost the address itself, so there would be nothing to look at afterwards.
    outcomes: outcomes("kept", { "404": undefined }),
  },
  { ...DEL_WITHOUT_JOURNAL, step: "release the address", request: ADDRESS, outcomes: outcomes("kept") },
  {
    ...DEL_WITHOUT_JOURNAL,
    step: "delete the record",
    request: RECORD,
    outcomes: outcomes("kept", { "404": "believed" }),
  },
];

/** What to inject so that `point` meets `name`. */
export function faultAt({ request, nth }: FaultPoint, name: FaultName): Fault {
  if (name === "down from here on") return { ...request, nth, spreads: true, action: { kind: "dropBefore" } };
  const when = isPassing(name) ? { nth } : { from: nth };
  return { ...request, ...when, action: actionOf(name) };
}

function actionOf(name: Exclude<FaultName, "down from here on">): FaultAction {
  switch (name) {
    case "hangs":
      return { kind: "hang" };
    case "dropped before":
    case "dropped before once":
      return { kind: "dropBefore" };
    case "dropped after":
    case "dropped after once":
      return { kind: "dropAfter" };
    case "slow":
      return { kind: "delay", ms: 300 };
    default:
      return { kind: "answer", status: Number.parseInt(name) };
  }
}

/** Whether danm tries again until the deadline, and then tells the runtime to do so. */
export function isTriedAgain(name: FaultName): boolean {
  return ["429", "500", "hangs", "dropped before", "dropped after", "down from here on"].includes(name);
}

/** Whether the fault befalls one request and then no more, or none really. */
function isPassing(name: FaultName): boolean {
  return name.endsWith("once") || name === "slow";
}

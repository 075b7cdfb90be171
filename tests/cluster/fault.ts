/** What a fault proxy does to one request instead of just passing it on. */
export type FaultAction =
  /** Answer with this HTTP status as the API server would; nothing is passed on. */
  | { readonly kind: "answer"; readonly status: number; readonly reason?: string; readonly retryAfterS?: number }
  /** Answer as a proxy in between would that knows nothing of the API: 404 and a page. */
  | { readonly kind: "page" }
  /** Wait, then pass it on. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Wait until the test lets go, then pass it on. */
  | { readonly kind: "hold"; readonly until: Promise<void> }
  /** Never answer; nothing is passed on. */
  | { readonly kind: "hang" }
  /** Break the connection; nothing is passed on. */
  | { readonly kind: "dropBefore" }
  /** Pass it on, wait for the answer and break the connection: the write is done, its answer lost. */
  | { readonly kind: "dropAfter" };

/** Which requests a fault befalls. */
export interface Fault {
  /** HTTP method; any when absent. */
  readonly method?: string;
  /** Matches path and query, e.g. `/danmeps(\?|$)/`; any when absent. */
  readonly path?: RegExp;
  /** Only the n-th request that matches, from 1; every one when absent. */
  readonly nth?: number;
  /** Only the n-th request that matches and those after it. */
  readonly from?: number;
  /** Once it has befallen a request it befalls all others as well, whatever they are. */
  readonly spreads?: boolean;
  readonly action: FaultAction;
}

/** One request as it arrived. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

/** Decides which fault befalls which request. */
export interface FaultPlan {
  /** Adds a fault, with a count of its own of the requests that match. */
  add(fault: Fault): void;
  clear(): void;
  /** Counts `request` against every fault it matches, and returns the first that befalls it. */
  next(request: ProxiedRequest): FaultAction | undefined;
}

/** A plan without faults. */
export function createFaultPlan(): FaultPlan {
  const faults: { readonly fault: Fault; seen: number }[] = [];
  let spread: FaultAction | undefined;
  return {
    add: (fault) => void faults.push({ fault, seen: 0 }),
    clear() {
      faults.length = 0;
      spread = undefined;
    },
    next(request) {
      const matching = faults.filter(({ fault }) => matches(fault, request));
      for (const entry of matching) entry.seen++;
      if (spread) return spread;
      const fault = matching.find(({ fault, seen }) => isDue(fault, seen))?.fault;
      if (fault?.spreads) spread = fault.action;
      return fault?.action;
    },
  };
}

function isDue({ nth, from }: Fault, seen: number): boolean {
  return (nth === undefined || nth === seen) && (from === undefined || from <= seen);
}

/** Whether `request` has the method and path that `wanted` names. */
export function matches(wanted: Pick<Fault, "method" | "path">, request: ProxiedRequest): boolean {
  return (wanted.method === undefined || wanted.method === request.method) &&
    (wanted.path === undefined || wanted.path.test(request.path));
}

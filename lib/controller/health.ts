/** Says why something is not well; undefined when it is. */
export type Check = () => string | undefined;

/** What probes are told of a daemon. */
export interface Health {
  /** Adds a condition of being ready: work is done, or would be if this replica led. */
  addReadiness(name: string, check: Check): void;
  /** Adds a condition of being alive: when it fails, only a restart helps. */
  addLiveness(name: string, check: Check): void;
  /** Answers `/readyz` and `/healthz`: 200, or 503 with the reasons; undefined for any other path. */
  respond(path: string): Response | undefined;
}

/** A daemon about which nothing is known but that it answers. */
export function createHealth(): Health {
  const checks: Record<string, Map<string, Check>> = { "/readyz": new Map(), "/healthz": new Map() };
  return {
    addReadiness: (name, check) => void checks["/readyz"]?.set(name, check),
    addLiveness: (name, check) => void checks["/healthz"]?.set(name, check),
    respond(path) {
      const asked = checks[path];
      if (asked === undefined) return undefined;
      const reasons = [...asked].flatMap(([name, check]) => {
        const reason = check();
        return reason === undefined ? [] : [`${name}: ${reason}\n`];
      });
      return new Response(reasons.join("") || "ok\n", { status: reasons.length === 0 ? 200 : 503 });
    },
  };
}

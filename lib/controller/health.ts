/** Says why something is not well; undefined when it is. */
export type Check = () => string | undefined;

/** What probes are told of a daemon. */
export interface Health {
  /** Adds a condition of being ready: work is done, or would be if this replica led. */
  addReadiness(name: string, check: Check): void;
  /**
   * Answers `/readyz`, 200 or 503 with the reasons, and `/healthz`, 200, as who answers is alive; undefined for any other
   * path.
   */
  respond(path: string): Response | undefined;
}

/** A daemon about which nothing is known but that it answers. */
export function createHealth(): Health {
  const conditions = new Map<string, Check>();
  return {
    addReadiness: (name, check) => void conditions.set(name, check),
    respond(path) {
      if (path === "/healthz") return new Response("ok\n");
      if (path !== "/readyz") return undefined;
      const reasons = [...conditions].flatMap(([name, check]) => {
        const reason = check();
        return reason === undefined ? [] : [`${name}: ${reason}\n`];
      });
      return new Response(reasons.join("") || "ok\n", { status: reasons.length === 0 ? 200 : 503 });
    },
  };
}

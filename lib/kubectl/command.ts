import type { ApiGroup } from "../api/resource.ts";
import type { Report } from "../view/report.ts";
import type { Reading } from "./read_snapshot.ts";

/** How a command ended. Source: the conventions of diff(1) and grep(1), as kubectl diff has them. */
export const EXIT = { fine: 0, trouble: 1, usage: 2, failed: 3 } as const;

/** What a command answers: a report, or text that is ready. */
export type Answer = { readonly report: Report; readonly exit?: number } | {
  readonly text: string;
  readonly notes: readonly string[];
};

/** What was asked. */
export interface Request extends Reading {
  readonly group: ApiGroup;
  /** Its one argument, where it takes one. */
  readonly argument: string;
  readonly output: string;
}

/** One command of `kubectl danm`. */
export interface Command {
  /** What stands for its argument; absent when it takes none. */
  readonly argument?: string;
  readonly help: string;
  /** Whether it looks into all namespaces unless told otherwise, as who asks for an address does not know whose it is. */
  readonly everywhere: boolean;
  /** Formats it knows beside those of every report. */
  readonly outputs?: readonly string[];
  /** @throws {UsageError} when the argument makes no sense */
  run(request: Request): Promise<Answer>;
}

/** How many tests and steps of tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NONE: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Sums of tallies. */
export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line of a run. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Counts the test cases of a report that `deno test --junit-path` wrote; steps count as well. */
export function tallyReport(xml: string): Tally {
  const cases = [...xml.matchAll(/<testcase\b[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)].map(([, body = ""]) => body.trim());
  const skipped = cases.filter((body) => body.startsWith("<skipped")).length;
  const failed = cases.filter((body) => body.startsWith("<failure") || body.startsWith("<error")).length;
  return { passed: cases.length - skipped - failed, failed, skipped };
}

/** The test files that `deno test` printed no start of, as happens when one fails to load or ends the process. */
export function notStarted(output: string, files: readonly string[]): string[] {
  const started = new Set([...output.matchAll(/^running \d+ tests? from \.\/(.+)$/gm)].map(([, file]) => file));
  return files.filter((file) => !started.has(file));
}

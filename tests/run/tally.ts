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

/** The test files of which such a report tells nothing, as happens when a file fails to load or ends the process. */
export function untested(xml: string, files: readonly string[]): string[] {
  return files.filter((file) => !xml.includes(`<testsuite name="./${file}"`));
}

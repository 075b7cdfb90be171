import { unescape } from "@std/html/entities";

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
  const cases = casesOf(xml);
  const skipped = cases.filter(({ body }) => body.startsWith("<skipped")).length;
  const failed = cases.filter(({ body }) => FAILURE.test(body)).length;
  return { passed: cases.length - skipped - failed, failed, skipped };
}

/** The tests that failed in such a report, each with its file and with why: for the end of a long output. */
export function failuresOf(xml: string): string[] {
  return casesOf(xml).filter(({ body }) => FAILURE.test(body)).map(({ head, body }) => {
    const [name, file] = ["name", "classname"].map((key) => new RegExp(`\\b${key}="([^"]*)"`).exec(head)?.[1] ?? "");
    const reason = /^<\w+[^>]*>(.*)<\/\w+>$/s.exec(body)?.[1] ?? /message="([^"]*)"/.exec(body)?.[1] ?? "";
    return unescape(`${name} (${file})\n${reason.trim()}`);
  });
}

const FAILURE = /^<(failure|error)\b/;

function casesOf(xml: string): { readonly head: string; readonly body: string }[] {
  return [...xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)]
    .map(([, head = "", body = ""]) => ({ head, body: body.trim() }));
}

/** The test files that `deno test` printed no start of, as happens when one fails to load or ends the process. */
export function notStarted(output: string, files: readonly string[]): string[] {
  const started = new Set([...output.matchAll(/^running \d+ tests? from \.\/(.+)$/gm)].map(([, file]) => file));
  return files.filter((file) => !started.has(file));
}

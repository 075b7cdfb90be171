/** What a demonstration prints: what is being done, and what an administrator would see. */

/** Starts a part of the demonstration. */
export function heading(text: string): void {
  console.log(`\n=== ${text}`);
}

/** Prints a text below the line that announced it. */
export function indent(text: string): string {
  return text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
}

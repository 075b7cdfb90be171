/** What a demonstration prints: what is being done, and what an administrator would see. */

const decoder = new TextDecoder();

/** Starts a part of the demonstration. */
export function heading(text: string): void {
  console.log(`\n=== ${text}`);
}

/** Prints a command as it would be typed, and then what it prints. */
export async function show(program: string, ...args: readonly string[]): Promise<void> {
  console.log(`$ ${[program, ...args].join(" ")}`);
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  console.log(indent(decoder.decode(stdout)));
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
}

/** Prints a text below the line that announced it. */
export function indent(text: string): string {
  return text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
}

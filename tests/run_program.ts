/**
 * Runs a program; resolves to what it printed.
 *
 * @throws {Error} with what it complained about, when it fails
 */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (!success) throw new Error(`Cannot run ${[program, ...args].join(" ")}: ${complaint.trim() || text.trim()}`);
  return text;
}

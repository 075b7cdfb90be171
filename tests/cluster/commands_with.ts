/** What runs on this machine, for tests that must leave nothing running. Source: proc(5). */

/** The command lines, words separated by NUL, of all processes whose command line holds `text`. */
export async function commandsWith(text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""); // gone meanwhile
    if (words.includes(text)) found.push(words);
  }
  return found;
}

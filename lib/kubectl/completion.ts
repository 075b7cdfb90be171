/** What kubectl runs as `kubectl_complete-danm` to complete its plugin: a word a line. Source: kubectl docs, "Plugins". */
export function completionScript(commands: readonly string[]): string {
  const words = commands.join("\\n");
  return [
    "#!/bin/sh",
    "# Save as an executable file kubectl_complete-danm in a folder of PATH.",
    `[ "$#" -gt 1 ] || printf '${words}\\n' | grep -- "^\${1:-}"`,
    "echo :4",
  ].join("\n");
}

/** CNI plugins that a test writes itself: they note every call and then do what the test says. */

import type { ContainerRuntime } from "./container_runtime.ts";

/** One call as the plugin received it. */
export interface PluginCall {
  readonly command: string;
  /** The variables of the protocol. */
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A plugin among those of a node. */
export interface StandInPlugin {
  readonly name: string;
  /** Every call so far, in the order they began. */
  calls(): Promise<PluginCall[]>;
}

/**
 * Writes the plugin `name`. It is run by sh(1); `behaviour` has a script for each command that does something, in which
 * `$STDIN` names a file with the configuration. A command without a script succeeds and prints nothing.
 */
export async function writeStandIn(
  { folder, binDir }: Pick<ContainerRuntime, "folder" | "binDir">,
  name: string,
  behaviour: Readonly<Partial<Record<"ADD" | "DEL" | "CHECK", string>>>,
): Promise<StandInPlugin> {
  const notes = `${folder}/calls-of-${name}`;
  await Deno.mkdir(notes, { recursive: true });
  const branches = Object.entries(behaviour).map(([command, script]) => `${command}) ${script} ;;`);
  const text = [
    "#!/bin/sh",
    `call=${notes}/$(date +%s%N)-$$`,
    'env >"$call.env"',
    'cat >"$call.json"',
    'STDIN="$call.json"',
    'mv "$call.env" "$call"',
    'case "$CNI_COMMAND" in',
    ...branches,
    "esac",
    "",
  ].join("\n");
  // Written anew rather than over: the old file may be running.
  await Deno.remove(`${binDir}/${name}`).catch(() => {});
  await Deno.writeTextFile(`${binDir}/${name}`, text, { mode: 0o755 });
  return { name, calls: () => readCalls(notes) };
}

/** A script that prints a result with one interface: the one that was asked for. */
export function printsInterface(rest: Readonly<Record<string, unknown>> = {}, cniVersion = "1.0.0"): string {
  const result = { cniVersion, interfaces: [{ name: "$CNI_IFNAME", sandbox: "$CNI_NETNS" }], ...rest };
  return `cat <<END\n${JSON.stringify(result)}\nEND\n`;
}

async function readCalls(notes: string): Promise<PluginCall[]> {
  const names = (await Array.fromAsync(Deno.readDir(notes))).map(({ name }) => name);
  const finished = names.filter((name) => !name.includes(".")).sort();
  return await Promise.all(finished.map(async (name) => {
    const env = Object.fromEntries(
      (await Deno.readTextFile(`${notes}/${name}`)).split("\n").filter((line) => line.startsWith("CNI_")).map(
        (line) => {
          const end = line.indexOf("=");
          return [line.slice(0, end), line.slice(end + 1)];
        },
      ),
    );
    return {
      command: env.CNI_COMMAND ?? "",
      env,
      config: JSON.parse(await Deno.readTextFile(`${notes}/${name}.json`)),
    };
  }));
}

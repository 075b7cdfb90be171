/** Drives danm by cnitool, and so by libcni: how it reads configurations, runs chains and judges answers. */

import { createHash } from "node:crypto";
import { findBinary } from "../cluster/find_binary.ts";
import type { ContainerRuntime } from "./container_runtime.ts";
import type { TestContainer } from "./test_node.ts";

/** What cnitool ended with. */
export interface CnitoolOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands of cnitool. */
export type CnitoolCommand = "add" | "check" | "del" | "gc" | "status";

/** cnitool with one network configuration list. Its cache is the machine's, so the list's name must be unique. */
export interface Cnitool {
  run(command: CnitoolCommand, container: TestContainer): Promise<CnitoolOutcome>;
  /** Runs a command that must succeed; resolves to what it printed. */
  succeed(command: CnitoolCommand, container: TestContainer): Promise<string>;
}

/**
 * Writes `list` where cnitool finds it.
 *
 * @param capabilityArgs what a runtime would pass to plugins that have the capability
 */
export async function prepareCnitool(
  { folder, binDir }: ContainerRuntime,
  list: { readonly name: string; readonly [key: string]: unknown },
  capabilityArgs: Readonly<Record<string, unknown>> = {},
): Promise<Cnitool> {
  const lists = `${folder}/cnitool-${list.name}`;
  await Deno.mkdir(lists, { recursive: true });
  await Deno.writeTextFile(`${lists}/10.conflist`, JSON.stringify(list));
  const program = await findBinary("cnitool");

  const run: Cnitool["run"] = async (command, { sandbox }) => {
    const { pod, netns } = sandbox;
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [command, list.name, netns],
      clearEnv: true,
      env: {
        NETCONFPATH: lists,
        CNI_PATH: binDir,
        CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${pod.namespace};K8S_POD_NAME=${pod.name};K8S_POD_UID=${pod.uid}`,
        CAP_ARGS: JSON.stringify(capabilityArgs),
      },
      stdin: "null",
    }).output();
    const [out, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
    return { code, stdout: out, stderr: complaint };
  };
  return {
    run,
    async succeed(command, container) {
      const { code, stdout, stderr } = await run(command, container);
      if (code !== 0) throw new Error(`cnitool ${command} failed: ${stdout}${stderr}`);
      return stdout;
    },
  };
}

/** The container under the name that cnitool gives it, which is made of the path of its namespace. */
export function asCnitoolNames(container: TestContainer): TestContainer {
  const hash = createHash("sha512").update(container.sandbox.netns).digest("hex");
  return { ...container, sandbox: { ...container.sandbox, containerId: `cnitool-${hash.slice(0, 20)}` } };
}

/** Noticing that other software on the node takes danm's configuration away, so as not to put it back for ever. */

import { listFolder } from "../host/files/list_folder.ts";
import { readIfThere } from "../host/files/read_if_there.ts";
import { removeIfThere } from "../host/files/remove_path.ts";
import { type Node, seenFrom } from "./node.ts";
import { isOwnConfig } from "./node_files.ts";

/** How often it may be gone without a trace, and within which time, before that is no accident. */
const ACCIDENTS = 2;
const WITHIN_MS = 10 * 60_000;

/** Somebody else wants the node's network to be theirs alone; the message says what to do. */
export class ConfigTakenError extends Error {
  override readonly name = "ConfigTakenError";
}

/** What an installer knows of the configuration that it has put on its node. */
export interface ConfigClaim {
  /**
   * Looks whether the configuration may be put in its place: why not, or undefined. What was set aside before this
   * installer's first look is no reason: to start it again is how people say that the other software has been told.
   *
   * @param now milliseconds since whenever
   */
  look(configFile: string, now: number): Promise<ConfigTakenError | undefined>;
  /** It is in its place. */
  placed(configFile: string): void;
}

/** A claim of an installer that has just started. */
export function createConfigClaim(node: Node): ConfigClaim {
  let known: string | undefined;
  let isMissing = false;
  let losses: readonly number[] = [];
  return {
    async look(configFile, now) {
      if (await readIfThere(seenFrom(node, `${node.configDir}/${configFile}`)) !== undefined) return undefined;
      const aside = await configsSetAside(node, configFile);
      if (known !== configFile) {
        for (const name of aside) await removeIfThere(seenFrom(node, `${node.configDir}/${name}`));
        return undefined;
      }
      if (!isMissing) losses = [...losses.filter((at) => now - at < WITHIN_MS), now];
      isMissing = true;
      if (aside.length > 0) return taken(configFile, `renamed to ${aside[0]}`);
      return losses.length > ACCIDENTS ? taken(configFile, `removed ${losses.length} times`) : undefined;
    },
    placed(configFile) {
      known = configFile;
      isMissing = false;
    },
  };
}

/** Names of what an installer had placed as `configFile` and somebody renamed: `00-danm.conf.cilium_bak`. Sorted. */
export async function configsSetAside(node: Node, configFile: string): Promise<string[]> {
  const folder = seenFrom(node, node.configDir);
  const names = (await listFolder(folder)).filter((name) => name.startsWith(`${configFile}.`)).sort();
  const texts = await Promise.all(names.map((name) => readIfThere(`${folder}/${name}`)));
  return names.filter((_, index) => isOwnConfig(texts[index] ?? "", node));
}

function taken(configFile: string, how: string): ConfigTakenError {
  return new ConfigTakenError(
    `Cannot keep ${configFile} in place: it was ${how} by other software, must be left alone. Tell that software (Cilium: ` +
      "cni.exclusive=false) to share the folder, then restart the Pod of danm-installer on this node",
  );
}

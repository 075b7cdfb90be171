/** Runs the chain of plugins that makes one interface. Source: CNI spec 1.1.0 §3 "Execution of Network Configurations". */

import type { DelegateConfig } from "../attach/delegate_config.ts";
import { isNothingButLink } from "../attach/named_links.ts";
import { CniError } from "../cni/error.ts";
import { encodeResult } from "../cni/encode_result.ts";
import type { Parameters } from "../cni/environment.ts";
import type { Result } from "../cni/result.ts";
import { isAtLeast, isCniVersion } from "../cni/version.ts";
import { DelegateMissingError, type PluginPlace, runDelegate } from "./run_delegate.ts";

/** Who is attached, and where; the same for every command. */
export interface DelegateTarget extends Omit<Parameters, "command">, PluginPlace {
  /** Key of the attachment that all is for; `ifName` is its own only until one of its interfaces is meant. */
  readonly attachment: string;
  /** The node's folder of what those that call plugins have in common. */
  readonly stateDir: string;
  /** Whether a plugin that is not found is a failure at DEL: so for who may not be where the plugins are. */
  readonly mustFindPlugins?: true;
  /** Is given what plugins write to standard error; where absent it is this process's own. */
  readonly complain?: (text: string) => void;
}

/**
 * Adds: in order, each plugin seeing what the one before returned.
 *
 * @returns the last result; undefined for an empty chain
 */
export async function addDelegates(
  configs: readonly DelegateConfig[],
  target: DelegateTarget,
  signal: AbortSignal,
): Promise<Result | undefined> {
  let result: Result | undefined;
  for (const config of configs) {
    result = await runDelegate(withPrevious(config, result), { ...target, command: "ADD" }, signal);
  }
  return result;
}

/**
 * Deletes: in reverse order, each with the result of the whole ADD. Passed over are a plugin that is no longer on the
 * node, as whatever it held went with it or cannot be told (a failure with `mustFindPlugins`), and the complaint of one that held nothing but the link: the
 * bond plugin, for one, takes it ill that its link, or what it was made of, is gone. The link is for the caller to remove.
 *
 * @returns why plugins were passed over
 * @throws what else went wrong with a plugin; those before it in the chain have not been asked
 */
export async function deleteDelegates(
  configs: readonly DelegateConfig[],
  target: DelegateTarget,
  result: Result | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const passedOver: string[] = [];
  for (const config of configs.toReversed()) {
    try {
      await runDelegate(withPrevious(config, result), { ...target, command: "DEL" }, signal);
    } catch (error) {
      const isNoMatter = (error instanceof DelegateMissingError && !target.mustFindPlugins) ||
        (error instanceof CniError && isNothingButLink(config));
      if (!isNoMatter) throw error;
      passedOver.push(error.message);
    }
  }
  return passedOver;
}

/** Checks: in order, each with the result of the whole ADD. A plugin whose version has no CHECK is passed over. */
export async function checkDelegates(
  configs: readonly DelegateConfig[],
  target: DelegateTarget,
  result: Result | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const config of configs) {
    const { cniVersion } = config;
    if (!isCniVersion(cniVersion) || !isAtLeast(cniVersion, "0.4.0")) continue;
    await runDelegate(withPrevious(config, result), { ...target, command: "CHECK" }, signal);
  }
}

/** prevResult came with 0.3.0, whose results are those of 0.3.1. */
function withPrevious(config: DelegateConfig, result: Result | undefined): DelegateConfig {
  const { cniVersion } = config;
  const known = cniVersion === "0.3.0" ? "0.3.1" : cniVersion;
  if (!result || !isCniVersion(known)) return config;
  return { ...config, prevResult: { ...encodeResult(result, known), cniVersion } };
}

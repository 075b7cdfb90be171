/** fakeipam, the IPAM plugin of DANM's delegates: needs nothing but the variables and stdin of the CNI protocol. */

import { dispatch } from "../../lib/cni/dispatch.ts";
import { variableNames } from "../../lib/cni/environment.ts";
import { fakeIpam } from "../../lib/cni/fake_ipam.ts";

const env = Object.fromEntries(variableNames.map((name) => [name, Deno.env.get(name)]));
// VERSION has no input worth waiting for when an administrator asks by hand.
const stdin = Deno.stdin.isTerminal() ? "" : readStdin();
const { stdout, exitCode } = await dispatch(fakeIpam, env, stdin);
if (stdout !== "") console.log(stdout);
Deno.exitCode = exitCode;

/** Not by a stream: starting one takes longer than all the rest. */
function readStdin(): string {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  for (let size = Deno.stdin.readSync(chunk); size !== null; size = Deno.stdin.readSync(chunk)) {
    text += decoder.decode(chunk.subarray(0, size), { stream: true });
  }
  return text + decoder.decode();
}

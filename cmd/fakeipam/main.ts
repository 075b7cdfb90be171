/** fakeipam, the IPAM plugin of DANM's delegates: needs nothing but the variables and stdin of the CNI protocol. */

import { dispatch } from "../../lib/cni/dispatch.ts";
import { variableNames } from "../../lib/cni/environment.ts";
import { fakeIpam } from "../../lib/cni/fake_ipam.ts";

const env = Object.fromEntries(variableNames.map((name) => [name, Deno.env.get(name)]));
// VERSION has no input worth waiting for when an administrator asks by hand.
const stdin = Deno.stdin.isTerminal() ? "" : await new Response(Deno.stdin.readable).text();
const { stdout, exitCode } = await dispatch(fakeIpam, env, stdin);
if (stdout !== "") console.log(stdout);
Deno.exitCode = exitCode;

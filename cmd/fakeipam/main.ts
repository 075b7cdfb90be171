/** fakeipam, the IPAM plugin of DANM's delegates: needs nothing but the variables and stdin of the CNI protocol. */

import { dispatch } from "../../lib/cni/dispatch.ts";
import { fakeIpam } from "../../lib/cni/fake_ipam.ts";
import { answerCall, readCall } from "../../lib/host/serving/cni_process.ts";

const { env, stdin } = readCall("fakeipam");
answerCall(await dispatch(fakeIpam, env, stdin));

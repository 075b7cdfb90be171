/** fakeipam, the IPAM plugin of DANM's delegates: needs nothing but the variables and stdin of the CNI protocol. */

import { fakeIpam } from "../../lib/cni/fake_ipam.ts";
import { serveCni } from "../../lib/host/serving/serve_cni.ts";

await serveCni("fakeipam", fakeIpam);

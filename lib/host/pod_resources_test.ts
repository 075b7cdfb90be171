import { Server, ServerCredentials, type ServerUnaryCall, status, type sendUnaryData } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fromFileUrl } from "@std/path";
import { assertEquals } from "@std/assert";
import { listPodDevices } from "./pod_resources.ts";
const definition = loadSync(fromFileUrl(import.meta.resolve("./testdata/pod_resources.proto")), { keepCase: true, longs: Number });
console.log(Object.keys(definition).length);
Deno.test("x", async () => {
  const server = new Server();
  server.addService(definition["v1.PodResourcesLister"] as never, {
    List: (_call: unknown, cb: any) => cb(null, { pod_resources: [{ name: "p", namespace: "n", containers: [{name:"c",devices:[{resource_name:"a/b",device_ids:["2","1"],topology:{nodes:[{ID:1}]}}],cpu_ids:[1,2,3],memory:[{memory_type:"m",size:12345}]}] }] }),
    Get: (_call: unknown, cb: any) => cb({ code: status.UNKNOWN, details: "PodResources API Get method disabled" }),
    GetAllocatableResources: (_call: unknown, cb: any) => cb({ code: status.UNIMPLEMENTED }),
  });
  await new Promise((r, j) => server.bindAsync("unix:/tmp/danm/hostw/k.sock", ServerCredentials.createInsecure(), (e) => e ? j(e) : r(0)));
  console.log(await listPodDevices("/tmp/danm/hostw/k.sock", { namespace: "n", name: "p" }, AbortSignal.timeout(3000)));
  server.forceShutdown();
});

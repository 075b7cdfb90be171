import { assertEquals } from "@std/assert";
import { formatPorts, namedPorts, parsePorts } from "./named_ports.ts";

Deno.test("namedPorts() takes the ports that have names, of all containers", () => {
  const ports = namedPorts({
    containers: [
      { ports: [{ name: "http", containerPort: 8080 }, { containerPort: 9 }] },
      { ports: [{ name: "sip", containerPort: 5060, protocol: "UDP" }] },
      {},
    ],
    initContainers: [{ ports: [{ name: "n2", containerPort: 38412, protocol: "SCTP" }] }],
  });
  assertEquals(formatPorts(ports), "n2/sctp/38412,http/tcp/8080,sip/udp/5060");
  assertEquals(parsePorts(formatPorts(ports)), ports);
});

Deno.test("parsePorts() reads what can be read", () => {
  assertEquals(parsePorts(""), []);
  assertEquals(parsePorts("a/tcp/0,b/icmp/1,/tcp/1,c/udp/53,d/tcp,e/tcp/65536"), [
    { name: "c", protocol: "udp", port: 53 },
  ]);
});

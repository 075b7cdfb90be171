import { assertEquals } from "@std/assert";
import { ipErrorReason, toIpError } from "./ip_error.ts";

// As iproute2 6.1 prints them on Linux 6.1 and 6.18; ip_batch_root_test.ts provokes them on the kernel it runs on.
const MESSAGES = {
  exists: [
    "RTNETLINK answers: File exists",
    "Error: ipv4: Address already assigned.",
    "Error: ipv6: address already assigned.",
    "Error: 8021q: VLAN device already exists.",
    "Error: A VXLAN device with the specified VNI already exists.",
  ],
  missing: [
    'Cannot find device "eth9"',
    'Device "eth9" does not exist.',
    "RTNETLINK answers: No such device",
    "RTNETLINK answers: No such process",
    "RTNETLINK answers: No such file or directory",
    "RTNETLINK answers: Cannot assign requested address",
    "Error: ipv4: Address not found.",
    "Error: ipv6: address not found.",
    "Error: ipv4: FIB table does not exist.",
  ],
  unsupported: [
    "Error: Unknown device type.",
    "RTNETLINK answers: Operation not supported",
    "RTNETLINK answers: Address family not supported by protocol",
    "Error: Rule family not supported.",
  ],
  busy: ["RTNETLINK answers: Device or resource busy", "Error: Address already assigned to an ipvlan device."],
  other: ["Error: Nexthop has invalid gateway.", "RTNETLINK answers: Network is down", ""],
} as const;

for (const [reason, messages] of Object.entries(MESSAGES)) {
  for (const message of messages) {
    Deno.test(`ipErrorReason() calls ${JSON.stringify(message)} ${reason}`, () => {
      assertEquals(ipErrorReason(message), reason);
    });
  }
}

const commands = [["link", "set", "dev", "a", "up"], ["link", "set", "dev", "b", "up"]];

Deno.test("toIpError() maps the line back to the command", () => {
  const error = toIpError({ commands, first: 5 }, 'Cannot find device "b"\nCommand failed -:2\n');
  assertEquals([error.command, error.index, error.reason], [commands[1], 6, "missing"]);
  assertEquals(error.message, 'Cannot run ip link set dev b up: Cannot find device "b"');
});

Deno.test("toIpError() blames no command when ip did not name one of several", () => {
  const error = toIpError({ commands, first: 0 }, 'Error: argument "x" is wrong: invalid mtu\n\n');
  assertEquals([error.command, error.index, error.reason], [[], -1, "other"]);
});

Deno.test("toIpError() blames the only command, and says so when ip was silent", () => {
  const error = toIpError({ commands: commands.slice(0, 1), first: 3 }, "");
  assertEquals([error.command, error.index, error.detail], [commands[0], 3, "it failed without a message"]);
});

Deno.test("at() changes the index alone", () => {
  const error = toIpError({ commands, first: 0 }, "RTNETLINK answers: File exists\nCommand failed -:1\n");
  const moved = error.at(7);
  assertEquals([moved.index, moved.command, moved.reason, moved.message], [7, commands[0], "exists", error.message]);
});

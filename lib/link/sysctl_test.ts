import { assertEquals, assertThrows } from "@std/assert";
import { SysctlError, sysctlPath } from "./sysctl.ts";

Deno.test("sysctlPath() keeps an interface name with dots one element", () => {
  assertEquals(
    sysctlPath({ key: ["ipv6", "conf", "ens1f0.100", "accept_ra"], value: "0" }),
    "/proc/sys/net/ipv6/conf/ens1f0.100/accept_ra",
  );
});

for (const element of ["", ".", "..", "../../kernel", "a/b"]) {
  Deno.test(`sysctlPath() refuses the element ${JSON.stringify(element)}`, () => {
    assertThrows(() => sysctlPath({ key: ["ipv4", "conf", element, "arp_notify"], value: "1" }), TypeError);
  });
}

Deno.test("sysctlPath() refuses an empty key", () => {
  assertThrows(() => sysctlPath({ key: [], value: "1" }), TypeError);
});

Deno.test("SysctlError names the setting, the value and why", () => {
  const sysctl = { key: ["ipv6", "conf", "eth0", "accept_ra"], value: "0" };
  assertEquals(
    new SysctlError(sysctl, "missing").message,
    "Cannot set net.ipv6.conf.eth0.accept_ra to 0: the kernel does not have it",
  );
  assertEquals(
    new SysctlError(sysctl, "refused").message,
    "Cannot set net.ipv6.conf.eth0.accept_ra to 0: the kernel refused the value",
  );
});

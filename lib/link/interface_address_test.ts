import { assertEquals } from "@std/assert";
import { parseAddress } from "../net/address.ts";
import {
  addAddress,
  deleteAddress,
  type InterfaceAddress,
  parseInterfaceAddresses,
  sameInterfaceAddress,
} from "./interface_address.ts";

const address4: InterfaceAddress = { device: "eth0", address: parseAddress("10.0.0.2")!, prefix: 24 };
const address6: InterfaceAddress = { device: "eth0", address: parseAddress("fd00::2")!, prefix: 64 };

Deno.test("addAddress() leaves duplicate detection out for IPv6, which alone has it", () => {
  assertEquals(addAddress(address4).join(" "), "addr add 10.0.0.2/24 dev eth0");
  assertEquals(addAddress(address6).join(" "), "addr add fd00::2/64 dev eth0 nodad");
  assertEquals(deleteAddress(address6).join(" "), "addr del fd00::2/64 dev eth0");
});

Deno.test("parseInterfaceAddresses() reads every address of a link, or none", () => {
  const entries = [{ family: "inet", local: "10.0.0.2", prefixlen: 24 }, { local: "fd00::2", prefixlen: 64 }];
  assertEquals(parseInterfaceAddresses({ ifname: "eth0", addr_info: entries }), [address4, address6]);
  assertEquals(parseInterfaceAddresses({ ifname: "eth0" }), []);
});

Deno.test("sameInterfaceAddress() compares address, prefix and device", () => {
  assertEquals(sameInterfaceAddress(address4, { ...address4 }), true);
  assertEquals(sameInterfaceAddress(address4, { ...address4, prefix: 25 }), false);
  assertEquals(sameInterfaceAddress(address4, { ...address4, device: "eth1" }), false);
  assertEquals(sameInterfaceAddress(address4, address6), false);
});

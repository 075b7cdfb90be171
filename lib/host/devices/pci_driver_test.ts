import { assertEquals } from "@std/assert";
import { isUserspaceDriver, pciDriver } from "./pci_driver.ts";
import { inDirectory } from "../../../tests/in_directory.ts";

const never = new AbortController().signal;

Deno.test("pciDriver() finds the driver a device is bound to", async () => {
  await inDirectory(async (sysfs) => {
    const device = async (address: string, driver?: string) => {
      const folder = `${sysfs}/bus/pci/devices/${address}`;
      await Deno.mkdir(folder, { recursive: true });
      if (driver !== undefined) await Deno.symlink(`../../../../bus/pci/drivers/${driver}`, `${folder}/driver`);
      return await pciDriver(address, never, sysfs);
    };
    assertEquals(await device("0000:3b:02.1", "vfio-pci"), "vfio-pci");
    assertEquals(await device("0000:3b:02.2", "iavf"), "iavf");
    assertEquals(await device("0000:3b:02.3"), undefined);
    assertEquals(await pciDriver("0000:3b:02.4", never, sysfs), undefined);
    assertEquals(await pciDriver("../../etc", never, sysfs), undefined);
  });
});

Deno.test("isUserspaceDriver() knows the drivers that leave the kernel no interface", () => {
  assertEquals([undefined, "iavf", "vfio-pci", "uio_pci_generic", "igb_uio"].map(isUserspaceDriver), [
    false,
    false,
    true,
    true,
    true,
  ]);
});

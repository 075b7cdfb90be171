/** The images that `make images` made: each runs, by itself, as who it says. */

import { assertArrayIncludes, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { openBuilder } from "./builder.ts";
import { COMPONENTS, imageName, imageStorage, ON_NODES } from "./image_names.ts";

const builder = await openBuilder(imageStorage());

for (const component of COMPONENTS) {
  Deno.test(`the image of ${component} runs without a network, as the user it needs`, async () => {
    const run = (...args: string[]) => builder.run(imageName(component), args);
    assertEquals(await run(`/usr/lib/danm/${component}`, "--version"), `${component} ${PRODUCT_VERSION}\n`);
    const { User = "", Labels = {} } = await builder.config(imageName(component));
    assertEquals(User, ON_NODES.includes(component) ? "" : "65532:65532");
    assertEquals(Labels["org.opencontainers.image.version"], PRODUCT_VERSION);
    assertEquals(Labels["org.opencontainers.image.title"], `danm/${component}`);
  });

  Deno.test(`the bill of materials of ${component} names what is in its image`, async () => {
    const bill = JSON.parse(await Deno.readTextFile(`${cacheFolder()}/images/${component}.spdx.json`));
    const packages: readonly { readonly name: string; readonly checksums?: unknown }[] = bill.packages;
    const names = packages.map(({ name }) => name);
    for (const name of [`danm-${component}`, "deno", "libc6", "prom-client"]) assertArrayIncludes(names, [name]);
    for (const tool of ["iproute2", "nftables"]) assertEquals(names.includes(tool), ON_NODES.includes(component), tool);
    assertEquals(names.includes("@peculiar/x509"), component === "webhook"); // which makes certificates
    assertEquals(packages.find(({ name }) => name === "prom-client")?.checksums !== undefined, true);
  });
}

Deno.test("the images of what only talks to the API server have no shell and no programs but theirs", async () => {
  for (const component of COMPONENTS.filter((name) => !ON_NODES.includes(name))) {
    for (const program of ["/bin/sh", "/usr/bin/id", "/bin/ls"]) {
      await assertRejects(() => builder.run(imageName(component), [program]), Error, "Cannot build images");
    }
  }
});

Deno.test("the image of the installer carries plugins that run with nothing in their environment", async () => {
  for (const plugin of ["danm", "fakeipam"]) {
    const call = ["env", "-i", "CNI_COMMAND=VERSION", `/usr/lib/danm/${plugin}`];
    assertMatch(await builder.run(imageName("installer"), call), /"supportedVersions":\[/);
  }
});

Deno.test("the image of netwatcher has the programs that netwatcher runs", async () => {
  const script =
    "for name in ip nft nsenter setsid sh stat grep; do command -v $name >/dev/null || echo $name; done; ip -V";
  assertMatch(await builder.run(imageName("netwatcher"), ["sh", "-c", script]), /^ip utility, iproute2-/);
});

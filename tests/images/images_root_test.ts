/** The images that `make images` made: each runs, by itself, as who it says. */

import { assertEquals, assertMatch } from "@std/assert";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { openBuilder } from "./builder.ts";
import { COMPONENTS, imageName, imageStorage } from "./image_names.ts";

/** Who makes links, and who writes the folders of a node. */
const AS_ROOT: readonly string[] = ["netwatcher", "installer"];

const builder = await openBuilder(imageStorage());

for (const component of COMPONENTS) {
  Deno.test(`the image of ${component} runs without a network, as the user it needs`, async () => {
    const run = (...args: string[]) => builder.run(imageName(component), args);
    assertEquals(await run(`/usr/lib/danm/${component}`, "--version"), `${component} ${PRODUCT_VERSION}\n`);
    assertEquals(await run("id", "-u"), AS_ROOT.includes(component) ? "0\n" : "65532\n");
  });
}

Deno.test("the image of the installer carries plugins that run with nothing in their environment", async () => {
  for (const plugin of ["danm", "fakeipam"]) {
    const call = ["env", "-i", "CNI_COMMAND=VERSION", `/usr/lib/danm/${plugin}`];
    assertMatch(await builder.run(imageName("installer"), call), /"supportedVersions":\[/);
  }
});

Deno.test("the image of netwatcher has the programs that netwatcher runs", async () => {
  const script =
    "for name in ip nsenter setsid sh stat grep; do command -v $name >/dev/null || echo $name; done; ip -V";
  assertMatch(await builder.run(imageName("netwatcher"), ["sh", "-c", script]), /^ip utility, iproute2-/);
});

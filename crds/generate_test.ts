import { assertEquals } from "@std/assert";
import { API_GROUPS, DEFAULT_API_GROUP } from "../lib/api/resource.ts";
import { renderCrds, renderSchemas } from "./render.ts";

const ROOT = new URL("..", import.meta.url);

Deno.test("renderCrds() and renderSchemas() give the committed files", async () => {
  const committed = async (folder: string, files: ReadonlyMap<string, string>) => {
    for (const [name, text] of files) {
      assertEquals(
        await Deno.readTextFile(new URL(`${folder}/${name}`, ROOT)),
        text,
        `run deno task manifests: ${name}`,
      );
    }
  };
  await committed("crds", renderCrds(DEFAULT_API_GROUP));
  await committed("schema", renderSchemas(DEFAULT_API_GROUP));
});

Deno.test("renderCrds() asks for approval of the k8s.io group only", () => {
  const annotated = API_GROUPS.map((group) =>
    [...renderCrds(group).values()].every((text) => text.includes("api-approved.kubernetes.io: 'unapproved,"))
  );
  assertEquals(annotated, [true, false]);
});

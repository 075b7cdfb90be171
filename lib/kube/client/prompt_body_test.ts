import { assert, assertEquals } from "@std/assert";
import { promptBody } from "./prompt_body.ts";

for (const length of [0, 1, 1000, 1001, 2000, 54_321]) {
  Deno.test(`promptBody() sends all ${length} bytes, none of them in a piece that HTTP/2 would not copy`, async () => {
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
    const pieces = await Array.fromAsync(new Response(promptBody(bytes)).body!);
    assertEquals(new Uint8Array(await new Response(promptBody(bytes)).arrayBuffer()), bytes);
    assert(pieces.every((piece) => piece.length < 1024), pieces.map((piece) => piece.length).join());
  });
}

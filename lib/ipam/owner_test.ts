import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { describeOwner, formatOwner, parseOwner } from "./owner.ts";

const anyName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/);

Deno.test("parseOwner() reads what formatOwner() writes", () => {
  const anyOwner = fc.record({
    podUid: anyName,
    containerId: anyName,
    interfaceIndex: fc.nat(999_999),
    attachment: fc.stringMatching(/^[0-9a-f]{16}$/),
  }, { requiredKeys: ["podUid", "containerId", "interfaceIndex"] });
  fc.assert(fc.property(anyOwner, (owner) => assertEquals(parseOwner(formatOwner(owner)), owner)));
});

for (
  const text of [
    "",
    "a",
    "a/b",
    "a/b/",
    "a/b/-1",
    "a/b/01",
    "a//0",
    "/b/0",
    "a/b/c/0",
    "a/b/0\n",
    "a/b/0.",
    "a/b/0.1",
    "a/b/.0123456789abcdef",
  ]
) {
  Deno.test(`parseOwner() refuses ${JSON.stringify(text)}`, () => assertEquals(parseOwner(text), undefined));
}

Deno.test("formatOwner() refuses what would be read as another owner, or is too long to store", () => {
  const owner = { podUid: "u", containerId: "c", interfaceIndex: 0 };
  for (
    const wrong of [{ podUid: "" }, { containerId: "a/1" }, { interfaceIndex: -1 }, { containerId: "c".repeat(200) }, {
      attachment: "",
    }]
  ) {
    assertThrows(() => formatOwner({ ...owner, ...wrong }), TypeError, "Cannot name the owner");
  }
});

Deno.test("describeOwner() says in words who holds an address, or repeats what it does not know", () => {
  assertEquals(describeOwner("u/c/2"), "Pod u (container c, interface 2)");
  assertEquals(describeOwner("admission 7"), "admission 7");
});

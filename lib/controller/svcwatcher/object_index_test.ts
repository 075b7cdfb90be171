import { assertEquals } from "@std/assert";
import { createObjectIndex } from "./object_index.ts";

interface Thing {
  readonly color: string;
  readonly size: number;
}

Deno.test("createObjectIndex() follows objects that come, change their group and go", () => {
  const index = createObjectIndex<Thing>(({ color }) => color);
  const sizes = (color: string) => index.get(color).map(({ size }) => size).sort();
  const red = { color: "red", size: 1 };
  const bigRed = { color: "red", size: 2 };
  const blue = { color: "blue", size: 2 };
  index.apply({ key: "a", before: undefined, after: red });
  index.apply({ key: "b", before: undefined, after: red });
  index.apply({ key: "a", before: red, after: bigRed });
  assertEquals(sizes("red"), [1, 2]);
  index.apply({ key: "a", before: bigRed, after: blue });
  assertEquals([sizes("red"), sizes("blue"), index.groups().sort()], [[1], [2], ["blue", "red"]]);
  index.apply({ key: "b", before: red, after: undefined });
  assertEquals([sizes("red"), index.groups()], [[], ["blue"]]);
});

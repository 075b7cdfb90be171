import { assertEquals } from "@std/assert";
import { booleanFlag, textFlag } from "../controller/flag.ts";
import { splitWords } from "./split_words.ts";

const TABLE = {
  namespace: textFlag("NAME", "", undefined),
  output: textFlag("FORMAT", "", undefined),
  allNamespaces: booleanFlag("", false),
};

for (
  const [args, words, flags] of [
    ["-n web pod a", ["pod", "a"], ["--namespace=web"]],
    ["pod a -nweb", ["pod", "a"], ["--namespace=web"]],
    ["pod -n=web a -ojson", ["pod", "a"], ["--namespace=web", "--output=json"]],
    ["-A services", ["services"], ["--all-namespaces"]],
    ["services --output=json", ["services"], ["--output=json"]],
    ["services --output", ["services"], ["--output"]],
  ] as const
) {
  Deno.test(`splitWords() parts flags from words in ${args}`, () => {
    assertEquals(splitWords(TABLE, args.split(" ")), { words, flags });
  });
}

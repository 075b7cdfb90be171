/** The project's own rules for `deno lint`: layers, purity, length. */

import { dirname, fromFileUrl, join, relative } from "@std/path/posix";
import { importObjection, isPure, isUnplaced } from "./layers.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** Names that only input and output have in this project. */
const IO_GLOBALS = new Set(["Deno", "fetch", "process", "console", "WebSocket", "Worker"]);

/** Lines at most: of a program's entry, which only wires; of any other file, which holds one idea. */
const MAIN_LINES = 60;
const FILE_LINES = 400;

const layers: Deno.lint.Rule = {
  create(context) {
    const file = projectPath(context.filename);
    const check = (source: Deno.lint.Node | null) => {
      if (source?.type !== "Literal" || typeof source.value !== "string") return;
      const message = objection(file, source.value);
      if (message !== undefined) context.report({ node: source, message });
    };
    return {
      Program(node) {
        if (isUnplaced(file)) context.report({ node, message: `Cannot place ${file}: its folder has no layer` });
      },
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => node.argument.type === "TSLiteralType" && check(node.argument.literal),
    };
  },
};

function objection(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return importObjection(file, join(dirname(file), specifier));
  if (specifier.startsWith("node:") && isPure(file)) return `Cannot import ${specifier}: layers 0 and 1 only compute`;
  return undefined;
}

const pure: Deno.lint.Rule = {
  create(context) {
    if (!isPure(projectPath(context.filename))) return {};
    return {
      Identifier(node) {
        if (!IO_GLOBALS.has(node.name) || isMemberName(node)) return;
        context.report({ node, message: `Cannot use ${node.name}: layers 0 and 1 only compute` });
      },
    };
  },
};

/** Whether an identifier is a name within something else, as in `options.fetch` or `{ fetch: 1 }`. */
function isMemberName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  if (parent.type === "MemberExpression") {
    const { object, property, computed } = parent;
    return property === node && !computed && !(object.type === "Identifier" && object.name === "globalThis");
  }
  return "key" in parent && parent.key === node;
}

const length: Deno.lint.Rule = {
  create(context) {
    const file = projectPath(context.filename);
    const limit = /^cmd\/[^/]+\/main\.ts$/.test(file) ? MAIN_LINES : FILE_LINES;
    return {
      Program(node) {
        const lines = context.sourceCode.text.trimEnd().split("\n").length;
        if (lines > limit) {
          context.report({ node, message: `Cannot keep ${file}: it has ${lines} lines, must be ${limit} at most` });
        }
      },
    };
  },
};

function projectPath(filename: string): string {
  return filename.startsWith(ROOT) ? relative(ROOT, filename) : filename;
}

export default { name: "danm", rules: { layers, pure, length } } satisfies Deno.lint.Plugin;

/** The layers of lib/: code of one uses lower ones and its own, so that decisions never depend on what carries them out. */
const LAYERS: readonly (readonly string[])[] = [
  ["net", "time", "cni", "api"],
  ["ipam", "attach", "admit", "reconcile", "policy", "view"],
  ["process"],
  ["kube", "link", "host"],
  ["plugin", "delegate", "controller", "webhook", "installer", "kubectl"],
];

/** The first layer that may do more than compute: the running of programs, which several adapters are made of. */
const FIRST_IMPURE = 2;

/** Adapters know nothing of each other: what joins them is a use case. */
const ADAPTERS = 3;

/** Where a file of the project belongs. */
interface Place {
  /** "lib", "cmd" or "tests". */
  readonly tree: string;
  /** The folder in it, e.g. "ipam" for lib/ipam/pool.ts. */
  readonly folder: string;
  /** Index in the layers of lib; -1 elsewhere. */
  readonly layer: number;
}

/**
 * Why one file may not import another; undefined when it may.
 *
 * @param file path in the project, e.g. "lib/ipam/pool.ts"
 * @param target the same of the imported file
 */
export function importObjection(file: string, target: string): string | undefined {
  const from = placeOf(file);
  const to = placeOf(target);
  if ((from.tree !== "lib" && from.tree !== "cmd") || isSamePlace(from, to)) return undefined;
  const refuse = (rule: string) => `Cannot import ${target} in ${from.tree}/${from.folder}: ${rule}`;
  if (to.tree === "tests") return isTest(file) ? undefined : refuse("only tests may use what is made for tests");
  if (to.tree === "cmd") return refuse("a program is nobody's part");
  if (to.tree !== "lib" || from.tree === "cmd") return undefined;
  if (to.layer > from.layer) {
    return refuse(`layer ${from.layer} may use layers up to ${from.layer}, this is ${to.layer}`);
  }
  if (to.layer === ADAPTERS && from.layer === ADAPTERS) return refuse("an adapter may not use another adapter");
  return undefined;
}

/** Whether the file must compute only: no input, output or clock of its own. Tests have to reach what they test. */
export function isPure(file: string): boolean {
  const { layer } = placeOf(file);
  return layer >= 0 && layer < FIRST_IMPURE && !isTest(file);
}

/** Whether the file is in a folder of lib that no layer names. */
export function isUnplaced(file: string): boolean {
  const { tree, layer } = placeOf(file);
  return tree === "lib" && layer < 0;
}

function placeOf(file: string): Place {
  const [tree = "", folder = ""] = file.split("/");
  return { tree, folder, layer: tree === "lib" ? LAYERS.findIndex((folders) => folders.includes(folder)) : -1 };
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.tree === b.tree && a.folder === b.folder;
}

function isTest(file: string): boolean {
  return file.endsWith("_test.ts");
}

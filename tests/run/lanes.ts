/** The lanes of the test suite: what a test file needs of the machine decides in which one it runs. */

import config from "../../deno.json" with { type: "json" };

export type LaneName = "pure" | "host" | "cluster" | "kernel";

export interface Lane {
  readonly name: LaneName;
  /** What its tests need, for people. */
  readonly needs: string;
  readonly root: boolean;
  /** Minutes after which it counts as hanging. */
  readonly minutes: number;
}

/** In the order in which they run: the quick ones first. */
export const LANES: readonly Lane[] = [
  { name: "pure", needs: "nothing", root: false, minutes: 5 },
  { name: "host", needs: "root: namespaces of this kernel, processes, files", root: true, minutes: 10 },
  { name: "cluster", needs: "root, etcd and kube-apiserver", root: true, minutes: 15 },
  { name: "kernel", needs: "root, a Debian kernel under QEMU", root: true, minutes: 15 },
];

const FOLDERS: Readonly<Record<Exclude<LaneName, "cluster">, readonly string[]>> = {
  pure: config.test.include.map((glob) => glob.replace("/**/*_test.ts", "")),
  host: ["lib/link", "lib/host", "lib/delegate", "crds", "tests/build", "tests/fakeipam"],
  kernel: ["tests/kernel"],
};

/**
 * The lane of a test file: what its name ends in, `_root_test.ts` or `_cluster_test.ts`, else that of its folder;
 * all that no folder claims runs with a cluster.
 *
 * @param file path in the project, e.g. "lib/ipam/pool_test.ts"
 */
export function laneOf(file: string): LaneName {
  if (file.endsWith("_cluster_test.ts")) return "cluster";
  if (file.endsWith("_root_test.ts")) return "host";
  const names = ["pure", "host", "kernel"] as const;
  return names.find((name) => FOLDERS[name].some((folder) => file.startsWith(`${folder}/`))) ?? "cluster";
}

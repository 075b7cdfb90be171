/** The lanes of the test suite: what a test file needs of the machine decides in which one it runs. */

import config from "../../deno.json" with { type: "json" };

export type LaneName = "pure" | "host" | "cluster" | "kernel" | "node" | "launchers" | "agent" | "e2e";

export interface Lane {
  readonly name: LaneName;
  /** What its tests need, for people. */
  readonly needs: string;
  readonly root: boolean;
  /** Minutes after which it counts as hanging. */
  readonly minutes: number;
  /** Into how many runs its files are dealt, which may go on side by side; 1 when absent. */
  readonly parts?: number;
  /** Files that belong to other lanes and that this one runs once more, in another way; it has no others. */
  readonly again?: readonly string[];
  /** Variables that tell its tests of that way. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it runs only where it is named. */
  readonly onRequest?: true;
}

/** In the order in which they begin: what takes long comes early, but for what is told at once. */
export const LANES: readonly Lane[] = [
  { name: "pure", needs: "nothing", root: false, minutes: 10 },
  { name: "kernel", needs: "root, a Debian kernel under QEMU", root: true, minutes: 29 },
  { name: "cluster", needs: "root, etcd and kube-apiserver", root: true, minutes: 30, parts: 3 },
  { name: "host", needs: "root: namespaces of this kernel, processes, files", root: true, minutes: 20 },
  { name: "node", needs: "root, DANM's images, containerd and kubelet", root: true, minutes: 10 },
  {
    name: "launchers",
    needs: "what host and cluster need, launchers instead of binaries",
    root: true,
    minutes: 20,
    env: { DANM_KIND: "launchers" },
    again: [
      "tests/build/permissions_root_test.ts",
      "tests/build/surroundings_root_test.ts",
      "tests/danm/attach_cluster_test.ts",
      "tests/danm/verbs_cluster_test.ts",
      "tests/fakeipam/delegates_test.ts",
      "tests/installer/install_cluster_test.ts",
    ],
  },
  {
    name: "agent",
    needs: "what cluster needs; netwatcher does danm's calls",
    root: true,
    minutes: 20,
    env: { DANM_TEST_AGENT: "1" },
    again: [
      "tests/danm/attach_cluster_test.ts",
      "tests/danm/delegate_faults_cluster_test.ts",
      "tests/danm/detach_cluster_test.ts",
    ],
  },
  { name: "e2e", needs: "what node and kernel need", root: true, minutes: 40, onRequest: true },
];

/** What the end of a file's name asks for. */
const ENDINGS: readonly (readonly [string, LaneName])[] = [
  ["_root_test.ts", "host"],
  ["_cluster_test.ts", "cluster"],
  ["_kernel_test.ts", "kernel"],
  ["_node_test.ts", "node"],
  ["_e2e_test.ts", "e2e"],
];

const PURE_FOLDERS = config.test.include.map((glob) => glob.replace("**/*_test.ts", ""));
const HOST_FOLDERS = [
  "lib/link/",
  "lib/host/",
  "lib/process/",
  "lib/delegate/",
  "crds/",
  "tests/build/",
  "tests/images/",
  "tests/fakeipam/",
  "tests/kernel/",
];

/**
 * The lane of a test file: what its name ends in, else that of its folder; what no folder claims runs with a cluster.
 *
 * @param file path in the project, e.g. "lib/ipam/pool_test.ts"
 */
export function laneOf(file: string): LaneName {
  const named = ENDINGS.find(([ending]) => file.endsWith(ending))?.[1];
  if (named !== undefined) return named;
  if (PURE_FOLDERS.some((folder) => file.startsWith(folder))) return "pure";
  return HOST_FOLDERS.some((folder) => file.startsWith(folder)) ? "host" : "cluster";
}

/** The lanes of the test suite: what a test file needs of the machine decides in which one it runs. */

import config from "../../deno.json" with { type: "json" };

export type LaneName = "pure" | "host" | "cluster" | "daemon" | "kernel" | "node" | "e2e";

export interface Lane {
  readonly name: LaneName;
  /** What its tests need, for people. */
  readonly needs: string;
  readonly root: boolean;
  /** Minutes after which it counts as hanging. */
  readonly minutes: number;
  /** Whether it runs only where it is named. */
  readonly onRequest?: true;
}

/** In the order in which they begin. */
export const LANES: readonly Lane[] = [
  { name: "pure", needs: "nothing", root: false, minutes: 10 },
  { name: "host", needs: "root: namespaces of this kernel, processes, files", root: true, minutes: 20 },
  { name: "daemon", needs: "root, etcd and kube-apiserver", root: true, minutes: 30 },
  { name: "cluster", needs: "root, etcd and kube-apiserver", root: true, minutes: 30 },
  { name: "kernel", needs: "root, a Debian kernel under QEMU", root: true, minutes: 25 },
  { name: "node", needs: "root, DANM's images, containerd and kubelet", root: true, minutes: 10 },
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
/** Of what needs a cluster, the daemons' part: those tests wait more than they work. */
const DAEMON_FOLDERS = [
  "lib/controller/",
  "tests/cleaner/",
  "tests/installer/",
  "tests/netwatcher/",
  "tests/svcwatcher/",
  "tests/webhook/",
];
const HOST_FOLDERS = [
  "lib/link/",
  "lib/host/",
  "lib/delegate/",
  "crds/",
  "tests/build/",
  "tests/fakeipam/",
  "tests/kernel/",
];

/**
 * The lane of a test file: what its name ends in, else that of its folder; what no folder claims runs with a cluster,
 * and what daemons do with one has a lane of its own.
 *
 * @param file path in the project, e.g. "lib/ipam/pool_test.ts"
 */
export function laneOf(file: string): LaneName {
  const isIn = (folders: readonly string[]) => folders.some((folder) => file.startsWith(folder));
  const named = ENDINGS.find(([ending]) => file.endsWith(ending))?.[1];
  const lane = named ?? (isIn(PURE_FOLDERS) ? "pure" : isIn(HOST_FOLDERS) ? "host" : "cluster");
  return lane === "cluster" && isIn(DAEMON_FOLDERS) ? "daemon" : lane;
}

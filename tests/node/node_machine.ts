/** What a node runs on. Disposing of it ends all that runs on it. */
export interface NodeMachine extends AsyncDisposable {
  /** Its name, in DNS and in the cluster. */
  readonly name: string;
  /** A folder that this host and the machine both write, under the same path. */
  readonly folder: string;
  /** The control group that those of Pods are to be made in. */
  readonly cgroupRoot: string;
  /** Address and prefix length of its link `eth0`, which is on the network of nodes. */
  readonly address: string;
  /**
   * Runs a program as root in the machine; resolves to what it printed. What it leaves running goes on.
   *
   * @throws {Error} with what it complained about, when it fails
   */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Ends all that runs on it at once, as a power cut does. */
  powerOff(): Promise<void>;
  /** Starts it again. */
  powerOn(): Promise<void>;
}

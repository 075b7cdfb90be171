/** A process as proc_pid_stat(5) tells of it. */
export interface Process {
  readonly parent: number;
  readonly state: string;
  readonly group: number;
  /** The program and its arguments, each ended by a zero; empty once it is a zombie. */
  readonly command: string;
}

/** Every process there is. */
export function processes(): Process[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const command = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      return [{ parent: Number(parent), state: state!, group: Number(group), command }];
    } catch {
      return []; // ended meanwhile
    }
  });
}

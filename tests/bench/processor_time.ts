/** How long the kernel counts as one tick of processor time, in ms: USER_HZ. */
const TICK_MS = 10;

/** Processor time in ms: of a process, and of those it has started and that have ended. Source: proc(5), stat. */
export interface ProcessorTime {
  readonly own: number;
  readonly children: number;
}

/** @param pid a number, or `self` */
export async function processorTime(pid: number | "self"): Promise<ProcessorTime> {
  const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ").map(Number);
  return { own: (fields[11]! + fields[12]!) * TICK_MS, children: (fields[13]! + fields[14]!) * TICK_MS };
}

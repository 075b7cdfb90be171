/** Numbers of routing tables. Source: the kernel's include/uapi/linux/rtnetlink.h, `enum rt_class_t`. */

/** No table (0), and `default`, `main` and `local`. */
export const KERNEL_TABLES = [0, 253, 254, 255] as const;

/** The table that is looked up when no rule says otherwise (`main`). */
export const MAIN_TABLE = 254;

/** The highest number. */
export const MAX_TABLE = 4_294_967_295;

/** The numbers a network may name, in words for a message. */
export const ROUTING_TABLES = "1-252 or 256-4294967295: the others are the kernel's own";

/** Whether routes of Pods may go to `table`. */
export function isRoutingTable(table: number): boolean {
  return Number.isInteger(table) && table >= 0 && table <= MAX_TABLE && !KERNEL_TABLES.some((own) => own === table);
}

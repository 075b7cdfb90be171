/** Reads what `ip -json` prints; the edge where ip's words become values. */

/** One object of ip's output; every field is checked when it is read. */
export type IpObject = Readonly<Record<string, unknown>>;

/** The output of ip(8) was not what this code knows. */
export class IpOutputError extends Error {
  override readonly name = "IpOutputError";
  constructor(what: string, value: unknown, must: string) {
    super(`Cannot read the output of ip: ${what} is ${JSON.stringify(value)?.slice(0, 200)}, must be ${must}`);
  }
}

/** The lists that the commands of one `ip -json -batch` printed, one after the other; empty objects are left out. */
export function parseIpLists(stdout: string): IpObject[][] {
  return stdout.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const list = parseJson(line);
    if (!Array.isArray(list)) throw new IpOutputError("a line", list, "a JSON list");
    return list.filter(isObject).filter((object) => Object.keys(object).length > 0);
  });
}

/** The object in `field`, or an empty one. */
export function objectIn(object: IpObject, field: string): IpObject {
  const value = object[field];
  return isObject(value) ? value : {};
}

/** The text in `field`. */
export function textIn(object: IpObject, field: string): string {
  const value = object[field];
  if (typeof value !== "string") throw new IpOutputError(field, value, "text");
  return value;
}

/** The text in `field`, or undefined when there is none; ip writes some that do not apply as null. */
export function optionalTextIn(object: IpObject, field: string): string | undefined {
  return (object[field] ?? undefined) === undefined ? undefined : textIn(object, field);
}

/** The number in `field`, which ip writes as a number or, for names printed numerically, as text. */
export function numberIn(object: IpObject, field: string): number {
  const value = object[field];
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || Number.isNaN(number)) throw new IpOutputError(field, value, "a number");
  return number;
}

/** The number in `field`, or undefined when there is none. */
export function optionalNumberIn(object: IpObject, field: string): number | undefined {
  return (object[field] ?? undefined) === undefined ? undefined : numberIn(object, field);
}

function isObject(value: unknown): value is IpObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new IpOutputError("a line", text, "JSON");
  }
}

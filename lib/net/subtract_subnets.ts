import { addressBits } from "./address.ts";
import { contains, type Subnet } from "./subnet.ts";

/** What is left of `whole` without `parts`, as subnets in ascending order; those of another family take nothing away. */
export function subtractSubnets(whole: Subnet, parts: readonly Subnet[]): Subnet[] {
  const { family, base, prefix } = whole;
  const touching = parts.filter((part) => part.family === family && (includes(part, whole) || includes(whole, part)));
  if (touching.length === 0) return [whole];
  if (touching.some((part) => includes(part, whole))) return [];
  const half = 1n << BigInt(addressBits(family) - prefix - 1);
  return [base, base + half].flatMap((base) => subtractSubnets({ family, base, prefix: prefix + 1 }, touching));
}

function includes(outer: Subnet, { family, base, prefix }: Subnet): boolean {
  return outer.prefix <= prefix && contains(outer, { family, value: base });
}

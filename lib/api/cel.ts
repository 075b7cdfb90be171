/** Building blocks of CEL rules on addresses and subnets. Source: Kubernetes' CEL libraries `ip` and `cidr`. */

import type { Rule, StringSchema } from "./schema.ts";

/** The IP version, as CEL's `family()` tells it. */
type Family = 4 | 6;

/** The words and sizes of one IP version; `maxLength` is that of the longest text. */
const EXAMPLES = {
  4: { subnet: "10.0.0.0/24", address: "10.0.0.1", maxLength: 15 },
  6: { subnet: "2001:db8::/64", address: "2001:db8::1", maxLength: 45 },
} as const;

/**
 * Text of an optional field, empty when it or a parent is absent: `text("self", "allocation_pool.start")`. The original
 * system stored empty texts for what was not set, so absent and empty mean the same everywhere. Spelled with `has()`
 * because the API server's cost estimate knows the length of a field, but not of an `orValue()`.
 */
export function text(root: string, path: string): string {
  const fields = path.split(".");
  const present = fields.map((_, index) => `has(${[root, ...fields.slice(0, index + 1)].join(".")})`);
  return `(${present.join(" && ")} ? ${root}.${path} : '')`;
}

/** A text that is an address of `family`. */
export function addressSchema(family: Family) {
  const { address, maxLength } = EXAMPLES[family];
  return {
    type: "string",
    maxLength,
    "x-kubernetes-validations": [{
      rule: `isIP(self) && ip(self).family() == ${family}`,
      message: `must be an IPv${family} address such as ${address}`,
    }],
  } as const satisfies StringSchema;
}

/** A text that is empty or an address of `family`. */
export function optionalAddressSchema(family: Family) {
  const schema = addressSchema(family);
  const [{ rule, message }] = schema["x-kubernetes-validations"];
  return { ...schema, "x-kubernetes-validations": [{ rule: `self == '' || ${rule}`, message }] } as const;
}

/** A text that is empty or a subnet of `family`. Host bits may be set: the original system accepted them. */
export function optionalSubnetSchema(family: Family) {
  const { subnet, maxLength } = EXAMPLES[family];
  return {
    type: "string",
    maxLength: maxLength + (family === 4 ? 3 : 4),
    "x-kubernetes-validations": [{
      rule: `self == '' || isCIDR(self) && cidr(self).ip().family() == ${family}`,
      message: `must be an IPv${family} subnet such as ${subnet}`,
    }],
  } as const satisfies StringSchema;
}

/** Refuses `field` without `subnet`. */
export function needs(field: string, subnet: string): Rule {
  return {
    rule: `${text("self", field)} == '' || ${text("self", subnet)} != ''`,
    message: `needs ${subnet}, which is missing`,
    fieldPath: `.${field}`,
  };
}

/** Refuses an address in `field` outside `subnet`. Malformed text passes here: its own rule refuses it. */
export function addressInside(field: string, subnet: string): Rule {
  const [address, within] = [text("self", field), text("self", subnet)];
  return {
    rule: `!isIP(${address}) || !isCIDR(${within}) || cidr(${within}).containsIP(${address})`,
    messageExpression: `"is " + ${address} + ", must be inside ${subnet} " + ${within}`,
    fieldPath: `.${field}`,
  };
}

/**
 * An expression: whether one subnet lies in another. Not by `containsCIDR()`, which says no to most parts before Kubernetes
 * 1.32.
 */
function isPart(part: string, within: string): string {
  return `cidr(${within}).containsIP(cidr(${part}).ip()) && ` +
    `cidr(${within}).prefixLength() <= cidr(${part}).prefixLength()`;
}

/** Refuses a subnet in `field` outside `subnet`. */
export function subnetInside(field: string, subnet: string): Rule {
  const [part, within] = [text("self", field), text("self", subnet)];
  return {
    rule: `!isCIDR(${part}) || !isCIDR(${within}) || ${isPart(part, within)}`,
    messageExpression: `"is " + ${part} + ", must be inside ${subnet} " + ${within}`,
    fieldPath: `.${field}`,
  };
}

/**
 * Rules on the map `field` of routes: it needs `subnet`, its gateways lie inside, and none of its destinations is the
 * subnet itself, however it is spelled. An IPv6 gateway may be link-local: every link has those.
 */
export function routesOf(field: string, subnet: string): readonly Rule[] {
  const [map, within] = [`self.${field}`, text("self", subnet)];
  const isThere = `has(${map}) && isCIDR(${within})`;
  const gateway = `${map}[to]`;
  const linkLocal = `ip(${gateway}).family() == 6 && ip(${gateway}).isLinkLocalUnicast()`;
  const outside = `isIP(${gateway}) && !(${linkLocal}) && !cidr(${within}).containsIP(${gateway})`;
  const own = `isCIDR(to) && cidr(to).prefixLength() == cidr(${within}).prefixLength() && ` +
    `cidr(${within}).containsIP(cidr(to).ip())`;
  const first = (condition: string) => `${map}.filter(to, ${condition})[0]`;
  return [
    {
      rule: `!has(${map}) || size(${map}) == 0 || ${within} != ''`,
      message: `needs ${subnet}, which is missing`,
      fieldPath: `.${field}`,
    },
    {
      rule: `!(${isThere}) || !${map}.exists(to, ${outside})`,
      messageExpression: `"has gateway " + ${map}[${first(outside)}] + ", must be inside ${subnet} " + ${within} + ` +
        `" as the way to " + ${first(outside)}`,
      fieldPath: `.${field}`,
    },
    {
      rule: `!(${isThere}) || !${map}.exists(to, ${own})`,
      messageExpression: `"has destination " + ${
        first(own)
      } + ", which is the network's own ${subnet}: must be absent"`,
      fieldPath: `.${field}`,
    },
  ];
}

/** Refuses an IPv4 address in `first` above the one in `last`: CEL cannot compare addresses, only numbers. */
export function inOrder(first: string, last: string): Rule {
  const [from, to] = [text("self", first), text("self", last)];
  const isV4 = (address: string) => `isIP(${address}) && ip(${address}).family() == 4`;
  const numbers = (address: string) => `${address}.split('.', 4).map(byte, int(byte))`;
  const value = (address: string) =>
    `[${numbers(address)}].map(b, b[0] * 16777216 + b[1] * 65536 + b[2] * 256 + b[3])[0]`;
  return {
    rule: `!(${isV4(from)}) || !(${isV4(to)}) || ${value(from)} <= ${value(to)}`,
    messageExpression: `"is " + ${from} + ", must not be after ${last} " + ${to}`,
    fieldPath: `.${first}`,
  };
}

/** Refuses routes whose destination is no subnet of `family`. */
export function destinationsAreSubnets(family: Family, example: string): Rule {
  const isWrong = `!isCIDR(to) || cidr(to).ip().family() != ${family}`;
  return {
    rule: `!self.exists(to, ${isWrong})`,
    messageExpression: `"every destination must be a subnet such as ${example}, not " + self.filter(to, ${isWrong})[0]`,
  };
}

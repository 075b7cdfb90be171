import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { CniError, decodeError, encodeError, errorCode } from "./error.ts";

/** Source: CNI spec 1.1.0 §5 "Error" and §2 "STATUS". */
const SPECIFIED: readonly [code: number, meaning: keyof typeof errorCode][] = [
  [1, "incompatibleVersion"],
  [2, "unsupportedField"],
  [3, "unknownContainer"],
  [4, "invalidEnvironment"],
  [5, "ioFailure"],
  [6, "decodingFailure"],
  [7, "invalidConfig"],
  [11, "tryAgainLater"],
  [50, "notAvailable"],
];
for (const [code, meaning] of SPECIFIED) {
  Deno.test(`errorCode.${meaning} is the specification's ${code}`, () => assertEquals(errorCode[meaning], code));
}

Deno.test("errorCode has no code of DANM's own among those that are the specification's", () => {
  const specified = new Set<string>(SPECIFIED.map(([, meaning]) => meaning));
  const own = Object.entries(errorCode).filter(([meaning]) => !specified.has(meaning));
  assertEquals(own.filter(([, code]) => code < 100), []);
});

Deno.test("encodeError() leaves details out when there are none", () => {
  const error = new CniError(errorCode.tryAgainLater, "The API server is busy");
  assertEquals(encodeError(error, "0.3.1"), '{"cniVersion":"0.3.1","code":11,"msg":"The API server is busy"}');
});

Deno.test("decodeError() reads back what encodeError() wrote", () => {
  fc.assert(fc.property(fc.nat(), fc.string(), fc.string(), (code, msg, details) => {
    const read = decodeError(encodeError(new CniError(code, msg, details), "1.0.0"));
    assertEquals([read?.code, read?.msg, read?.details], [code, msg, details]);
  }));
});

Deno.test("decodeError() keeps code, message and details of the reference plugins", () => {
  const error = decodeError('{\n    "code": 999,\n    "msg": "failed to create macvlan: device or resource busy"\n}');
  assertEquals([error?.code, error?.message], [999, "failed to create macvlan: device or resource busy"]);
});

for (
  const stdout of ["", "panic: no", "null", "[]", "7", '{"cniVersion":"1.0.0"}', '{"code":"7","msg":"m"}', '{"code":7}']
) {
  Deno.test(`decodeError() returns undefined for ${JSON.stringify(stdout)}`, () => {
    assertEquals(decodeError(stdout), undefined);
  });
}

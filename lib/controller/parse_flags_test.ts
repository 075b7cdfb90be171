import { assertEquals, assertThrows } from "@std/assert";
import { addressFlag, booleanFlag, choiceFlag, formatAddress, secondsFlag, textFlag } from "./flag.ts";
import { helpText } from "./help_text.ts";
import { parseFlags, UsageError } from "./parse_flags.ts";

const TABLE = {
  kubeconfig: textFlag("FILE", "how to reach the API server", undefined),
  leaderElect: booleanFlag("work only while leading", true),
  logLevel: choiceFlag(["debug", "info"], "least level", "info"),
  gracePeriod: secondsFlag("how long to wait", 60, 1),
  listen: addressFlag("where to listen", { hostname: "", port: 8443 }),
};

Deno.test("parseFlags() falls back for what is not given", () => {
  assertEquals(parseFlags(TABLE, []), {
    kubeconfig: undefined,
    leaderElect: true,
    logLevel: "info",
    gracePeriod: 60,
    listen: { hostname: "", port: 8443 },
  });
});

Deno.test("parseFlags() reads values after a blank or an equals sign, the last one of several", () => {
  const args = ["--kubeconfig", "--odd", "--log-level=info", "--log-level", "debug", "--grace-period=1"];
  assertEquals(parseFlags({ ...TABLE }, args), {
    ...parseFlags(TABLE, []) as object,
    kubeconfig: "--odd",
    logLevel: "debug",
    gracePeriod: 1,
  });
});

Deno.test("parseFlags() reads a boolean with and without a value", () => {
  const leaderElect = (...args: string[]) => (parseFlags(TABLE, args) as { leaderElect: boolean }).leaderElect;
  assertEquals([leaderElect("--leader-elect"), leaderElect("--leader-elect=false")], [true, false]);
});

Deno.test("parseFlags() reads addresses", () => {
  const addresses: Record<string, unknown> = {
    ":9": { hostname: "", port: 9 },
    "localhost:65535": { hostname: "localhost", port: 65_535 },
    "127.0.0.1:0": { hostname: "127.0.0.1", port: 0 },
    "[::1]:80": { hostname: "::1", port: 80 },
  };
  for (const [text, expected] of Object.entries(addresses)) {
    const { listen } = parseFlags(TABLE, [`--listen=${text}`]) as { listen: { hostname: string; port: number } };
    assertEquals([listen, formatAddress(listen)], [expected, text]);
  }
});

Deno.test("parseFlags() says what is wrong", () => {
  const refusals: Record<string, string> = {
    "--cubeconfig=a": "Cannot use --cubeconfig: there is no such flag",
    "--kubeConfig=a": "Cannot use --kubeConfig: there is no such flag",
    "file": "Cannot use file: it is not a flag, must start with --",
    "--": "Cannot use --: it is not a flag, must start with --",
    "--kubeconfig": "Cannot use --kubeconfig: its value FILE is missing",
    "--kubeconfig=": "Cannot use --kubeconfig : must not be empty",
    "--log-level=Info": "Cannot use --log-level Info: must be debug or info",
    "--leader-elect=yes": "Cannot use --leader-elect yes: must be true or false",
    "--grace-period=0": "Cannot use --grace-period 0: must be a whole number, 1 or more",
    "--grace-period=1.5": "Cannot use --grace-period 1.5: must be a whole number, 1 or more",
    "--listen=8443": "Cannot use --listen 8443: must be HOST:PORT, or :PORT for all addresses",
    "--listen=a:65536": "Cannot use --listen a:65536: must be HOST:PORT, or :PORT for all addresses",
    "--listen=::1:80": "Cannot use --listen ::1:80: must be HOST:PORT, or :PORT for all addresses",
  };
  for (const [arg, message] of Object.entries(refusals)) {
    assertEquals(assertThrows(() => parseFlags(TABLE, [arg]), UsageError).message, message);
  }
});

Deno.test("parseFlags() leaves help and version to the program", () => {
  assertEquals(parseFlags(TABLE, ["--log-level=info", "--help"]), "help");
  assertEquals(parseFlags(TABLE, ["--version"]), "version");
});

Deno.test("helpText() lists every flag with its default", () => {
  const expected = `copycat: copies

Usage: copycat [FLAG...]

  --kubeconfig FILE          how to reach the API server
  --leader-elect=true|false  work only while leading (default true)
  --log-level debug|info     least level (default info)
  --grace-period SECONDS     how long to wait (default 60)
  --listen HOST:PORT         where to listen (default :8443)
  --help                     this text
  --version                  the version
`;
  assertEquals(helpText("copycat", "copies", TABLE), expected);
});

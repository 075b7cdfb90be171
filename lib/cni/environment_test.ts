import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { commands, encodeEnvironment, type Environment, parseEnvironment } from "./environment.ts";
import { CniError } from "./error.ts";

const complete: Environment = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "0a1b",
  CNI_NETNS: "/var/run/netns/cni-5f0c",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=",
  CNI_PATH: "/opt/cni/bin::/usr/lib/cni",
};

function problems(env: Environment): string {
  const error = assertThrows(() => parseEnvironment(env), CniError);
  assertEquals(error.code, 4);
  return error.details;
}

Deno.test("parseEnvironment() reads every variable", () => {
  assertEquals(parseEnvironment(complete), {
    command: "ADD",
    containerId: "0a1b",
    netns: "/var/run/netns/cni-5f0c",
    ifName: "eth0",
    args: new Map([["IgnoreUnknown", "1"], ["K8S_POD_NAMESPACE", "default"], ["K8S_POD_NAME", "web-0"], [
      "K8S_POD_UID",
      "",
    ]]),
    path: ["/opt/cni/bin", "/usr/lib/cni"],
  });
});

Deno.test("parseEnvironment() keeps equals signs of a value in CNI_ARGS", () => {
  assertEquals(parseEnvironment({ ...complete, CNI_ARGS: ";a=b=c;" }).args, new Map([["a", "b=c"]]));
});

/** The variables each command cannot do without. Source: CNI spec 1.1.0 §2, "Required environment parameters". */
const required = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  STATUS: [],
  GC: ["CNI_PATH"],
  VERSION: [],
} as const;

for (const command of commands) {
  Deno.test(`parseEnvironment() lets ${command} go without what it does not need`, () => {
    const env: Record<string, string | undefined> = { CNI_COMMAND: command };
    for (const name of required[command]) env[name] = complete[name];
    assertEquals(parseEnvironment(env).command, command);
  });

  for (const name of required[command]) {
    for (const empty of ["", undefined]) {
      Deno.test(`parseEnvironment() refuses ${command} when ${name} is ${JSON.stringify(empty)}`, () => {
        const details = problems({ ...complete, CNI_COMMAND: command, [name]: empty });
        assertEquals(details.startsWith(`${name} is missing, must be `), true, details);
      });
    }
  }
}

Deno.test("parseEnvironment() ignores variables that a command does not read", () => {
  const rubbish = { CNI_CONTAINERID: "!", CNI_NETNS: "dummy", CNI_IFNAME: "a b", CNI_ARGS: "=", CNI_PATH: "dummy" };
  for (const command of ["VERSION", "STATUS", "GC"] as const) {
    assertEquals(parseEnvironment({ ...rubbish, CNI_COMMAND: command }).command, command);
  }
});

const wrong: readonly [variable: string, value: string, allowed: string][] = [
  ["CNI_COMMAND", "add", "one of ADD, DEL, CHECK, STATUS, GC, VERSION"],
  ["CNI_COMMAND", "toString", "one of ADD, DEL, CHECK, STATUS, GC, VERSION"],
  ["CNI_CONTAINERID", "-a", 'a letter or digit, then letters, digits, "_", "." or "-"'],
  ["CNI_CONTAINERID", "../a", 'a letter or digit, then letters, digits, "_", "." or "-"'],
  ["CNI_CONTAINERID", "a\n", 'a letter or digit, then letters, digits, "_", "." or "-"'],
  ["CNI_NETNS", "netns/a", 'an absolute path of letters, digits and "/_.:@+-"'],
  ["CNI_NETNS", "/run/netns/a b", 'an absolute path of letters, digits and "/_.:@+-"'],
  ["CNI_NETNS", "/run/netns/a#", 'an absolute path of letters, digits and "/_.:@+-"'],
  ["CNI_NETNS", "/run/netns/a\n", 'an absolute path of letters, digits and "/_.:@+-"'],
  ["CNI_IFNAME", "abcdefghijklmnop", "an interface name of at most 15 characters"],
  ["CNI_IFNAME", "..", "an interface name of at most 15 characters"],
  ["CNI_IFNAME", "a/b", "an interface name of at most 15 characters"],
  ["CNI_ARGS", "a", "KEY=VALUE pairs separated by semicolons"],
  ["CNI_ARGS", "a=1;=2", "KEY=VALUE pairs separated by semicolons"],
];
for (const [variable, value, allowed] of wrong) {
  Deno.test(`parseEnvironment() refuses ${variable} ${JSON.stringify(value)}`, () => {
    const details = problems({ ...complete, [variable]: value });
    assertEquals(details, `${variable} is ${JSON.stringify(value)}, must be ${allowed}`);
  });
}

Deno.test("parseEnvironment() refuses a wrong namespace for DEL too, but not an absent one", () => {
  assertEquals(parseEnvironment({ ...complete, CNI_COMMAND: "DEL", CNI_NETNS: "" }).netns, "");
  assertEquals(problems({ ...complete, CNI_COMMAND: "DEL", CNI_NETNS: "a" }).startsWith('CNI_NETNS is "a"'), true);
});

Deno.test("parseEnvironment() names every variable that is wrong", () => {
  const details = problems({ CNI_COMMAND: "ADD", CNI_IFNAME: "eth 0", CNI_ARGS: "x" });
  const names = details.split("; ").map((problem) => problem.split(" ")[0]);
  assertEquals(names, ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"]);
});

Deno.test("parseEnvironment() reads back what encodeEnvironment() wrote", () => {
  const text = fc.string().map((value) => value.replaceAll(/[;:]/g, ""));
  fc.assert(fc.property(
    fc.constantFrom("ADD", "DEL", "CHECK"),
    fc.array(fc.tuple(text.map((key) => `k${key.replaceAll("=", "")}`), text)),
    fc.array(text.map((folder) => `/${folder}`)),
    (command, args, path) => {
      const parameters = { ...parseEnvironment({ ...complete, CNI_COMMAND: command }), args: new Map(args), path };
      assertEquals(parseEnvironment(encodeEnvironment(parameters)), parameters);
    },
  ));
});

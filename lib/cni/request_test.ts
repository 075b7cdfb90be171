import { assertEquals, assertThrows } from "@std/assert";
import { commands } from "./environment.ts";
import { CniError } from "./error.ts";
import { parseRequest } from "./request.ts";
import { cniVersions } from "./version.ts";

const env = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};

function refusal(command: string, stdin: unknown): CniError {
  const text = typeof stdin === "string" ? stdin : JSON.stringify(stdin);
  return assertThrows(() => parseRequest({ ...env, CNI_COMMAND: command }, text), CniError);
}

Deno.test("parseRequest() keeps every key of the configuration", () => {
  const config = {
    cniVersion: "1.0.0",
    name: "net.1_a-B",
    type: "danm",
    capabilities: { portMappings: true },
    runtimeConfig: { portMappings: [{ hostPort: 80 }] },
    args: { cni: { ips: ["10.0.0.1"] } },
    prevResult: { ips: [] },
    kubeconfig: "/etc/danm",
  };
  const request = parseRequest({ ...env, CNI_COMMAND: "ADD" }, JSON.stringify(config));
  assertEquals(request, {
    command: "ADD",
    containerId: "c1",
    netns: "/run/netns/pod",
    ifName: "eth0",
    args: new Map(),
    path: ["/opt/cni/bin"],
    config,
  });
});

/** The versions that have each command. Source: the history of the CNI specification. */
const having = {
  ADD: cniVersions,
  DEL: cniVersions,
  CHECK: ["0.4.0", "1.0.0", "1.1.0"],
  STATUS: ["1.1.0"],
  GC: ["1.1.0"],
} as const;

for (const command of commands.filter((name) => name !== "VERSION")) {
  for (const cniVersion of cniVersions) {
    const has = having[command].some((version) => version === cniVersion);
    Deno.test(`parseRequest() ${has ? "accepts" : "refuses"} ${command} in ${cniVersion}`, () => {
      const config = { cniVersion, name: "n" };
      if (has) {
        assertEquals(parseRequest({ ...env, CNI_COMMAND: command }, JSON.stringify(config)).command, command);
        return;
      }
      const { code, details } = refusal(command, config);
      assertEquals(code, 1);
      assertEquals(
        details,
        `cniVersion of the network configuration is "${cniVersion}", must be at least ${
          having[command][0]
        } for ${command}`,
      );
    });
  }
}

const wrong: readonly [what: string, stdin: unknown, code: number, message: string][] = [
  ["nothing", "", 6, "Cannot read network configuration: "],
  ["half an object", '{"cniVersion":"1.0.0"', 6, "Cannot read network configuration: "],
  ["null", "null", 6, "Cannot read network configuration: it must be a JSON object"],
  ["a list", [], 6, "Cannot read network configuration: it must be a JSON object"],
  [
    "no version",
    { name: "n" },
    1,
    "cniVersion of the network configuration is missing, must be one of 0.3.1, 0.4.0, 1.0.0, 1.1.0",
  ],
  ["an older version", { name: "n", cniVersion: "0.2.0" }, 1, 'is "0.2.0", must be one of'],
  ["a newer version", { name: "n", cniVersion: "2.0.0" }, 1, 'is "2.0.0", must be one of'],
  ["a version that is no text", { name: "n", cniVersion: 1 }, 1, "is 1, must be one of"],
  ["no name", { cniVersion: "1.0.0" }, 7, "Invalid network configuration: name is missing, must be a letter or digit"],
  ["an empty name", { cniVersion: "1.0.0", name: "" }, 7, 'name is "", must be a letter or digit'],
  ["a name with a slash", { cniVersion: "1.0.0", name: "a/b" }, 7, 'name is "a/b", must be a letter or digit'],
  ["a name that is no text", { cniVersion: "1.0.0", name: ["n"] }, 7, 'name is ["n"], must be a letter or digit'],
];
for (const [what, stdin, code, message] of wrong) {
  Deno.test(`parseRequest() refuses ${what} as configuration`, () => {
    const error = refusal("DEL", stdin);
    assertEquals([error.code, error.message.includes(message)], [code, true], error.message);
  });
}

Deno.test("parseRequest() shows no more than the beginning of a long value", () => {
  assertEquals(refusal("ADD", { cniVersion: "1.0.0", name: "/".repeat(1_000_000) }).message.length < 400, true);
});

const gc = { cniVersion: "1.1.0", name: "n" };

Deno.test("parseRequest() reads the attachments that GC shall keep", () => {
  const attachments = [{ containerID: "c1", ifname: "eth0", more: 1 }, { containerID: "c2", ifname: "eth1" }];
  const stdin = JSON.stringify({ ...gc, "cni.dev/valid-attachments": attachments });
  const request = parseRequest({ ...env, CNI_COMMAND: "GC" }, stdin);
  assertEquals(
    request.command === "GC" && request.validAttachments,
    [{ containerId: "c1", ifName: "eth0" }, { containerId: "c2", ifName: "eth1" }],
  );
});

const VALID = "cni.dev/valid-attachments";
const DRAFT = "cni.dev/attachments";
const C1 = { containerID: "c1", ifname: "eth0" };

/** What is valid by lists under these keys. */
function validBy(lists: object): unknown {
  const request = parseRequest({ ...env, CNI_COMMAND: "GC" }, JSON.stringify({ ...gc, ...lists }));
  return request.command === "GC" && request.validAttachments?.map(({ containerId, ifName }) => [containerId, ifName]);
}

Deno.test("parseRequest() tells no list at GC from an empty one", () => {
  const request = parseRequest({ ...env, CNI_COMMAND: "GC" }, JSON.stringify(gc));
  assertEquals(request.command === "GC" && request.validAttachments, undefined);
});

const lists: readonly [what: string, lists: object, valid: unknown][] = [
  ["an empty list", { [VALID]: [] }, []],
  ["an empty list as Go writes it", { [VALID]: null }, []],
  ["a draft's list", { [DRAFT]: [C1] }, [["c1", "eth0"]]],
  ["a draft's empty list", { [DRAFT]: [] }, []],
  ["a draft's list beside none", { [VALID]: null, [DRAFT]: [C1] }, [["c1", "eth0"]]],
  ["both lists, as libcni writes them", { [VALID]: [C1], [DRAFT]: [C1] }, [["c1", "eth0"]]],
  ["both lists, of which the specification's counts", { [VALID]: [], [DRAFT]: [C1] }, []],
];
for (const [what, stated, valid] of lists) {
  Deno.test(`parseRequest() reads ${what} at GC`, () => assertEquals(validBy(stated), valid));
}

const wrongAttachments: readonly [lists: object, details: string][] = [
  [{ [VALID]: "all" }, 'cni.dev/valid-attachments is "all", must be a list'],
  [{ [DRAFT]: "all" }, 'cni.dev/attachments is "all", must be a list'],
  [{ [VALID]: { containerID: "c1" } }, 'cni.dev/valid-attachments is {"containerID":"c1"}, must be a list'],
  [
    { [VALID]: [null] },
    "cni.dev/valid-attachments[0] is null, must be an object with the texts containerID and ifname",
  ],
  [
    { [DRAFT]: [C1, { containerID: "c2" }] },
    'cni.dev/attachments[1] is {"containerID":"c2"}, must be an object with the texts containerID and ifname',
  ],
];
for (const [stated, details] of wrongAttachments) {
  Deno.test(`parseRequest() refuses GC with ${JSON.stringify(stated)}`, () => {
    const error = refusal("GC", { ...gc, ...stated });
    assertEquals([error.code, error.details], [7, details]);
  });
}

const versionInputs: readonly [stdin: string, answer: string][] = [
  ['{"cniVersion":"0.4.0"}', "0.4.0"],
  ['{"cniVersion":"9.9.9"}', "9.9.9"],
  ['{"cniVersion":"<script>"}', "1.1.0"],
  ['{"cniVersion":1}', "1.1.0"],
  ["", "1.1.0"],
];
for (const [stdin, cniVersion] of versionInputs) {
  Deno.test(`parseRequest() answers VERSION with ${cniVersion} to ${JSON.stringify(stdin)}`, () => {
    assertEquals(parseRequest({ CNI_COMMAND: "VERSION" }, stdin), { command: "VERSION", cniVersion });
  });
}

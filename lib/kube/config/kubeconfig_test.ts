import { assertEquals, assertThrows } from "@std/assert";
import { stringify } from "@std/yaml";
import { parseKubeconfig } from "./kubeconfig.ts";
import { KubeconfigError } from "./kubeconfig_fields.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n";
const PATH = "/etc/danm/kubeconfig";
const FILES: Readonly<Record<string, string>> = {
  "/etc/danm/pki/ca.crt": CERTIFICATE,
  "/etc/danm/pki/client.crt": CERTIFICATE,
  "/elsewhere/client.key": KEY,
};

function read(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw new Deno.errors.NotFound(`No such file: ${path}`);
  return text;
}

function configWith(cluster: object, user: object, context: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "other", user: { token: "not-this" } }, { name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", ...context } }],
    "current-context": "x",
  };
}

function parse(config: object) {
  return parseKubeconfig(stringify(config), PATH, read);
}

const BARE = {
  server: "https://10.0.0.1:6443",
  namespace: "default",
  caPem: undefined,
  clientCertificate: undefined,
  bearer: undefined,
};

Deno.test("parseKubeconfig() reads embedded certificates", () => {
  const user = { "client-certificate-data": btoa(CERTIFICATE), "client-key-data": btoa(KEY) };
  assertEquals(parse(configWith({ "certificate-authority-data": btoa(CERTIFICATE) }, user)), {
    ...BARE,
    caPem: CERTIFICATE,
    clientCertificate: { certPem: CERTIFICATE, keyPem: KEY },
  });
});

Deno.test("parseKubeconfig() reads certificate files relative to the kubeconfig", () => {
  const user = { "client-certificate": "pki/client.crt", "client-key": "/elsewhere/client.key" };
  assertEquals(parse(configWith({ "certificate-authority": "pki/ca.crt" }, user)), {
    ...BARE,
    caPem: CERTIFICATE,
    clientCertificate: { certPem: CERTIFICATE, keyPem: KEY },
  });
});

Deno.test("parseKubeconfig() prefers embedded data to a file", () => {
  const cluster = { "certificate-authority-data": btoa(CERTIFICATE), "certificate-authority": "missing.crt" };
  assertEquals(parse(configWith(cluster, {})).caPem, CERTIFICATE);
});

Deno.test("parseKubeconfig() reads a token, and prefers a token file", () => {
  assertEquals(parse(configWith({}, { token: "secret" })).bearer, { token: "secret" });
  const both = { token: "secret", tokenFile: "token" };
  assertEquals(parse(configWith({}, both)).bearer, { tokenFile: "/etc/danm/token" });
});

Deno.test("parseKubeconfig() reads the namespace of the context", () => {
  assertEquals(parse(configWith({}, {}, { namespace: "kube-system" })).namespace, "kube-system");
});

Deno.test("parseKubeconfig() reads JSON and YAML flow style alike", () => {
  const config = configWith({}, { token: "secret" });
  assertEquals(parseKubeconfig(JSON.stringify(config), PATH, read), parse(config));
  const flow = "{clusters: [{name: c, cluster: {server: 'https://h'}}], users: [{name: u, user: {}}], " +
    "contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}";
  assertEquals(parseKubeconfig(flow, PATH, read).server, "https://h");
});

Deno.test("parseKubeconfig() accepts what changes nothing", () => {
  const cluster = { "tls-server-name": "10.0.0.1", "insecure-skip-tls-verify": false, "proxy-url": "" };
  assertEquals(parse(configWith(cluster, { username: "", exec: null })), BARE);
});

for (
  const [server, expected] of [
    ["https://h:6443/", "https://h:6443"],
    ["https://h/k8s/clusters/c-1/", "https://h/k8s/clusters/c-1"],
    ["https://[fd00::1]:6443", "https://[fd00::1]:6443"],
    ["http://localhost:8080", "http://localhost:8080"],
  ] as const
) {
  Deno.test(`parseKubeconfig() reads server ${server}`, () => {
    assertEquals(parse(configWith({ server }, {})).server, expected);
  });
}

const refused: readonly (readonly [string, object | string, string])[] = [
  ["an empty file", "", "it is empty or not a mapping"],
  ["a list", "- a", "it is empty or not a mapping"],
  ["text that is no YAML", "a: [", "it is not YAML"],
  ["no current context", { contexts: [] }, "current-context is empty, must name one of the contexts"],
  [
    "an unknown context",
    { ...configWith({}, {}), "current-context": "y" },
    'contexts has no entry "y", must be one of: x',
  ],
  ["no contexts", { "current-context": "y" }, 'contexts has no entry "y", must be one of: (it is empty)'],
  ["contexts that are no list", { "current-context": "y", contexts: {} }, "contexts is a mapping, must be a list"],
  ["an unknown cluster", configWith({}, {}, { cluster: "z" }), 'clusters has no entry "z", must be one of: c'],
  ["an unknown user", configWith({}, {}, { user: "z" }), 'users has no entry "z", must be one of: other, u'],
  ["a context without user", configWith({}, {}, { user: "" }), "contexts[x].context.user is missing"],
  ["no server", configWith({ server: null }, {}), "clusters[c].cluster.server is missing"],
  ["a server without scheme", configWith({ server: "10.0.0.1:6443" }, {}), "cluster.server must be https://HOST:PORT"],
  ["a server with a password", configWith({ server: "https://u:hush@h" }, {}), "cluster.server must be https://HOST"],
  ["a server that is no string", configWith({ server: 6443 }, {}), "cluster.server is a number, must be a string"],
  [
    "a missing CA file",
    configWith({ "certificate-authority": "no.crt" }, {}),
    'certificate-authority is "no.crt", which',
  ],
  ["a CA that is no PEM", configWith({ "certificate-authority-data": btoa("hush") }, {}), 'no PEM block "CERTIFICATE"'],
  ["a CA that is no base64", configWith({ "certificate-authority-data": "hush!" }, {}), "-data is not base64"],
  ["a key without certificate", configWith({}, { "client-key-data": btoa(KEY) }), "client-certificate is missing"],
  ["a certificate without key", configWith({}, { "client-certificate": "pki/ca.crt" }), "client-key is missing"],
  ["a certificate as key", {
    ...configWith({}, { "client-certificate": "pki/ca.crt", "client-key": "pki/ca.crt" }),
  }, 'client-key holds no PEM block "PRIVATE KEY"'],
  ["a token of two lines", configWith({}, { token: "hush\nhush" }), "user.token holds a blank or control character"],
  ["a command", configWith({}, { exec: { command: "aws" } }), "users[u].user.exec is set, must be absent"],
  ["an auth provider", configWith({}, { "auth-provider": { name: "gcp" } }), "auth-provider is set, must be absent"],
  ["a user name", configWith({}, { username: "me", password: "hush" }), "username is set, must be absent"],
  ["impersonation", configWith({}, { as: "me" }), "user.as is set, must be absent"],
  [
    "a proxy",
    configWith({ "proxy-url": "http://p" }, {}),
    "proxy-url is set, must be absent: proxies are not supported",
  ],
  [
    "no verification",
    configWith({ "insecure-skip-tls-verify": true }, {}),
    "insecure-skip-tls-verify is true, must be",
  ],
  [
    "another TLS name",
    configWith({ "tls-server-name": "k" }, {}),
    'tls-server-name is "k", must be absent or the host',
  ],
];

for (const [what, config, expected] of refused) {
  Deno.test(`parseKubeconfig() refuses ${what}, naming the field and no secret`, () => {
    const text = typeof config === "string" ? config : stringify(config);
    const error = assertThrows(() => parseKubeconfig(text, PATH, read), KubeconfigError, expected);
    assertEquals(error.message.startsWith(`Cannot read kubeconfig ${PATH}: `), true);
    assertEquals(error.message.includes("hush"), false);
  });
}

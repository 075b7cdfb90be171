import { assertEquals, assertThrows } from "@std/assert";
import { inClusterConfig } from "./in_cluster_config.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const FILES: Readonly<Record<string, string>> = {
  [`${FOLDER}/token`]: "secret",
  [`${FOLDER}/namespace`]: "kube-system\n",
  [`${FOLDER}/ca.crt`]: "PEM",
};

function read(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw new Deno.errors.NotFound("No such file");
  return text;
}

function environment(host: string) {
  return (name: string) => new Map([["KUBERNETES_SERVICE_HOST", host], ["KUBERNETES_SERVICE_PORT", "443"]]).get(name);
}

for (const [host, server] of [["10.96.0.1", "https://10.96.0.1:443"], ["fd00::1", "https://[fd00::1]:443"]] as const) {
  Deno.test(`inClusterConfig() reads a Pod's service account for API server ${host}`, () => {
    assertEquals(inClusterConfig(environment(host), read), {
      server,
      namespace: "kube-system",
      caPem: "PEM",
      clientCertificate: undefined,
      bearer: { tokenFile: `${FOLDER}/token` },
    });
  });
}

Deno.test("inClusterConfig() says what to do outside a Pod", () => {
  assertThrows(() => inClusterConfig(() => undefined, read), Error, "outside a Pod give --kubeconfig");
});

Deno.test("inClusterConfig() names the file that a Pod lacks", () => {
  const lacking = (path: string) => path.endsWith("/token") ? read("none") : read(path);
  assertThrows(() => inClusterConfig(environment("h"), lacking), Error, `${FOLDER}/token: No such file`);
});

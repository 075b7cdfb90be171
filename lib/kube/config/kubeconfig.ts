import { parse as parseYaml } from "@std/yaml";
import {
  fieldError,
  isMapping,
  KubeconfigError,
  namedEntry,
  optionalString,
  type Section,
} from "./kubeconfig_fields.ts";

/** How to reach an API server and as whom. PEM texts and tokens are secrets: never log one of these. */
export interface KubeConfig {
  /** `https://host:port` with an optional path prefix, without a trailing slash. */
  readonly server: string;
  /** The context's namespace; `default` when it names none. */
  readonly namespace: string;
  /** Certificates that may sign the server's; the system's when absent. */
  readonly caPem: string | undefined;
  readonly clientCertificate: { readonly certPem: string; readonly keyPem: string } | undefined;
  readonly bearer: Bearer | undefined;
}

/** A bearer token, or the file that holds the current one: tokens in files are rotated while a process runs. */
export type Bearer = { readonly token: string } | { readonly tokenFile: string };

/** Reads a file named by the kubeconfig; throws when it cannot. */
export type ReadText = (path: string) => string;

/** What a kubeconfig may ask for that this client would have to ignore, which would be worse than saying no. */
const REFUSED_CLUSTER_FIELDS = { "proxy-url": "must be absent: proxies are not supported" };
const REFUSED_USER_FIELDS = {
  exec: "must be absent: give a client certificate or a token",
  "auth-provider": "must be absent: give a client certificate or a token",
  username: "must be absent: Kubernetes has no passwords any more, give a client certificate or a token",
  password: "must be absent: Kubernetes has no passwords any more, give a client certificate or a token",
  as: "must be absent: impersonation is not supported",
};

/**
 * Reads the current context of a kubeconfig. Pure but for `read`.
 *
 * File names in it are relative to the kubeconfig itself; embedded `-data` wins over a file, a token file over a token.
 * Source: Kubernetes API, client authentication `Config` v1.
 *
 * @param path where the text came from, for messages and relative file names
 * @throws {KubeconfigError} naming the field that is missing, malformed or not supported
 */
export function parseKubeconfig(text: string, path: string, read: ReadText): KubeConfig {
  const root: Section = { source: path, path: "", values: parseMapping(text, path) };
  const current = optionalString(root, "current-context");
  if (current === undefined) throw fieldError(root, "current-context", "is empty, must name one of the contexts");
  const context = namedEntry(root, "contexts", current, "context");
  const cluster = namedEntry(root, "clusters", requiredString(context, "cluster"), "cluster");
  const user = namedEntry(root, "users", requiredString(context, "user"), "user");
  return {
    ...readCluster(cluster, read),
    namespace: optionalString(context, "namespace") ?? "default",
    clientCertificate: readClientCertificate(user, read),
    bearer: readBearer(user),
  };
}

function parseMapping(text: string, path: string): Record<string, unknown> {
  const parsed = parseJson(text) ?? parseYamlOrThrow(text, path);
  if (!isMapping(parsed)) throw new KubeconfigError(path, "it is empty or not a mapping, must be a Config object");
  return parsed;
}

/** JSON is YAML too, and the engine reads it by itself: 6 ms less, on the way of every Pod. */
function parseJson(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a YAML flow mapping; and YAML's errors quote no credentials
  }
}

function parseYamlOrThrow(text: string, path: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new KubeconfigError(path, `it is not YAML: ${firstLine(error)}`);
  }
}

function readCluster(cluster: Section, read: ReadText): Pick<KubeConfig, "server" | "caPem"> {
  refuse(cluster, REFUSED_CLUSTER_FIELDS);
  const server = parseServer(cluster);
  if (cluster.values["insecure-skip-tls-verify"] === true) {
    throw fieldError(cluster, "insecure-skip-tls-verify", "is true, must be absent: give certificate-authority-data");
  }
  const tlsName = optionalString(cluster, "tls-server-name");
  if (tlsName !== undefined && tlsName !== server.hostname) {
    throw fieldError(cluster, "tls-server-name", `is "${tlsName}", must be absent or the host of server`);
  }
  return {
    server: server.href.replace(/\/+$/, ""),
    caPem: readPem(cluster, "certificate-authority", "CERTIFICATE", read),
  };
}

function parseServer(cluster: Section): URL {
  const text = requiredString(cluster, "server");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable = url !== undefined && (url.protocol === "https:" || url.protocol === "http:") && url.hostname !== "" &&
    url.username === "" && url.search === "" && url.hash === "";
  if (!usable) {
    throw fieldError(cluster, "server", "must be https://HOST:PORT without user, query or fragment");
  }
  return url;
}

function readClientCertificate(user: Section, read: ReadText): KubeConfig["clientCertificate"] {
  refuse(user, REFUSED_USER_FIELDS);
  const certPem = readPem(user, "client-certificate", "CERTIFICATE", read);
  const keyPem = readPem(user, "client-key", "PRIVATE KEY", read);
  if (certPem === undefined && keyPem === undefined) return undefined;
  if (certPem === undefined) throw fieldError(user, "client-certificate", "is missing, must go with client-key");
  if (keyPem === undefined) throw fieldError(user, "client-key", "is missing, must go with client-certificate");
  return { certPem, keyPem };
}

function readBearer(user: Section): Bearer | undefined {
  const tokenFile = optionalString(user, "tokenFile");
  if (tokenFile !== undefined) return { tokenFile: resolveFile(user, tokenFile) };
  const token = optionalString(user, "token");
  if (token === undefined) return undefined;
  if (/[^\x21-\x7e]/.test(token)) throw fieldError(user, "token", "holds a blank or control character");
  return { token };
}

/** The PEM text that `field` names, or that `field`-data holds in base64. */
function readPem(section: Section, field: string, label: string, read: ReadText): string | undefined {
  const data = optionalString(section, `${field}-data`);
  const file = optionalString(section, field);
  if (data !== undefined) {
    return checkPem(section, `${field}-data`, decodeBase64(section, `${field}-data`, data), label);
  }
  if (file === undefined) return undefined;
  const path = resolveFile(section, file);
  try {
    return checkPem(section, field, read(path), label);
  } catch (error) {
    if (error instanceof KubeconfigError) throw error;
    throw fieldError(section, field, `is "${file}", which cannot be read: ${firstLine(error)}`);
  }
}

/** Checked here because the TLS library takes a text without any certificate in silence. */
function checkPem(section: Section, field: string, pem: string, label: string): string {
  if (!new RegExp(`^-----BEGIN [A-Z ]*${label}-----`, "m").test(pem)) {
    throw fieldError(section, field, `holds no PEM block "${label}"`);
  }
  return pem;
}

function decodeBase64(section: Section, field: string, data: string): string {
  try {
    return atob(data);
  } catch {
    throw fieldError(section, field, "is not base64");
  }
}

function refuse(section: Section, fields: Readonly<Record<string, string>>): void {
  for (const [field, reason] of Object.entries(fields)) {
    const value = section.values[field];
    if (value !== undefined && value !== null && value !== "") throw fieldError(section, field, `is set, ${reason}`);
  }
}

function requiredString(section: Section, field: string): string {
  const value = optionalString(section, field);
  if (value === undefined) throw fieldError(section, field, "is missing");
  return value;
}

/** `file` as seen from the folder of the kubeconfig. */
function resolveFile(section: Section, file: string): string {
  return file.startsWith("/") ? file : section.source.slice(0, section.source.lastIndexOf("/") + 1) + file;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

/** Whom a client believes and by which way it goes, in an environment that was made for other programs. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import config from "../../../deno.json" with { type: "json" };
import { permissionFlags } from "../../../tests/build/permission_flags.ts";
import { kubeconfigText } from "../../../tests/cluster/kubeconfig_text.ts";
import { createAuthority, type KeyPair } from "../../../tests/cluster/pki.ts";

const SCRIPT = fromFileUrl(import.meta.resolve("./testdata/ask_server.ts"));
const CONFIG = fromFileUrl(import.meta.resolve("../../../deno.json"));
const PERMISSIONS = permissionFlags("danm", config.permissions.danm);

/** What the server answers, so that the client can say that it has come there. */
const answerOf = (resourceVersion: string) => Response.json({ metadata: { resourceVersion }, items: [] });

/** A server with a certificate of its own, and what kubeconfigs about it need. */
function serve({ certPem: cert, keyPem: key }: KeyPair) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen() {} }, () => answerOf("direct"));
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the client prints as a process with danm's permissions and this environment. */
async function ask(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", `--config=${CONFIG}`, ...PERMISSIONS, SCRIPT, ...args],
    env,
    stdin: "null",
  });
  const { stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return (decoder.decode(stdout) + decoder.decode(stderr)).trim();
}

async function writeKubeconfig(folder: string, server: Deno.HttpServer<Deno.NetAddr>, caPem: string): Promise<string> {
  const path = `${folder}/kubeconfig`;
  await Deno.writeTextFile(path, kubeconfigText(`https://127.0.0.1:${server.addr.port}`, caPem, { token: "t" }));
  return path;
}

Deno.test("createHttpClient() trusts the authority of the kubeconfig, whatever else the environment names", async () => {
  const [own, other] = await Promise.all([createAuthority(), createAuthority()]);
  await using right = serve(await own.issueServer(["127.0.0.1"]));
  await using wrong = serve(await other.issueServer(["127.0.0.1"]));
  await inFolder(async (folder) => {
    const file = `${folder}/other.pem`;
    await Deno.writeTextFile(file, other.certPem);
    const environments: readonly Readonly<Record<string, string>>[] = [
      {},
      { NODE_EXTRA_CA_CERTS: file },
      { DENO_CERT: file },
      { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: file },
      { NODE_USE_SYSTEM_CA: "1", SSL_CERT_FILE: file },
    ];
    for (const env of environments) {
      assertEquals(await ask([await writeKubeconfig(folder, right, own.certPem)], env), "direct");
      assertStringIncludes(
        await ask([await writeKubeconfig(folder, wrong, own.certPem)], env),
        "invalid peer certificate: ",
      );
    }
  });
});

Deno.test("createHttpClient() takes no proxy that the environment names", async () => {
  const authority = await createAuthority();
  await using server = serve(await authority.issueServer(["127.0.0.1"]));
  await inFolder(async (folder) => {
    const kubeconfig = await writeKubeconfig(folder, server, authority.certPem);
    for (const name of ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"]) {
      assertEquals(await ask([kubeconfig], { [name]: "http://127.0.0.1:1" }), "direct", name);
    }
  });
});

Deno.test("createHttpClient() says what to do about a certificate that kubectl would take", async () => {
  const [own, other] = await Promise.all([createAuthority(), createAuthority()]);
  const issued = await other.issueServer(["127.0.0.1"]);
  await using selfMade = serve(own);
  await using pinned = serve(issued);
  await inFolder(async (folder) => {
    assertStringIncludes(
      await ask([await writeKubeconfig(folder, selfMade, own.certPem)]),
      "CaUsedAsEndEntity)): it is a certificate authority's own, must be one that the authority has signed",
    );
    assertStringIncludes(
      await ask([await writeKubeconfig(folder, pinned, issued.certPem)]),
      "UnknownIssuer: it must be signed by a certificate authority of the kubeconfig",
    );
  });
});

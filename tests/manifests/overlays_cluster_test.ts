/** What `kubectl apply -k` applies, judged by a real API server and by what an administrator may expect of it. */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { parse } from "@std/yaml";
import { INSTALL_SETS, renderCrds } from "../../crds/render.ts";
import { DEFAULT_API_GROUP } from "../../lib/api/resource.ts";
import { registrations } from "../../lib/webhook/registration.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { COMPONENTS, imageName } from "../images/image_names.ts";
import { type Container, manifestFolder, type ManifestObject, render } from "./render.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const OVERLAYS = ["overlays/lightweight", "overlays/production", "overlays/danm.io"] as const;
const CRD = "CustomResourceDefinition";

const BIN = fromFileUrl(new URL("../../bin", import.meta.url));
const rendered = new Map(await Promise.all(OVERLAYS.map(async (name) => [name, await render(name)] as const)));

function containersOf(objects: readonly ManifestObject[]): Container[] {
  return objects.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
}

function named(objects: readonly ManifestObject[], kind: string): string[] {
  return objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name).sort();
}

/** The program of a container: its image's name. */
function programOf({ image }: Container): string {
  return image.replace(/^.*\/(.*):.*$/, "$1");
}

for (const name of OVERLAYS) {
  Deno.test(`${name} is accepted by the API server, field by field`, async () => {
    const path = `--kustomize=${manifestFolder(name)}`;
    const applied = await cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "--output=name", path);
    assertEquals(applied.trim().split("\n").length, rendered.get(name)!.length);
  });
}

Deno.test("manifests/uninstall, the bootstrap networks and manifests/definitions are accepted by the API server", async () => {
  await installCrds(cluster, DEFAULT_API_GROUP, "lightweight", "production");
  for (const name of ["uninstall", "bootstrap/lightweight", "bootstrap/production", "definitions"]) {
    await cluster.kubectl("apply", "--dry-run=server", "--validate=strict", `--kustomize=${manifestFolder(name)}`);
  }
});

Deno.test("overlays have the kinds of their set, and all components", () => {
  const kinds = (kinds: readonly string[], group: string) =>
    kinds.map((kind) => `${kind.toLowerCase()}s.${group}`).sort();
  const all = [...new Set(Object.values(INSTALL_SETS).flat())];
  assertEquals(named(rendered.get("overlays/lightweight")!, CRD), kinds(INSTALL_SETS.lightweight, "danm.k8s.io"));
  assertEquals(named(rendered.get("overlays/production")!, CRD), kinds(INSTALL_SETS.production, "danm.k8s.io"));
  assertEquals(named(rendered.get("overlays/danm.io")!, CRD), kinds(all, "danm.io"));
  for (const objects of rendered.values()) {
    const images = containersOf(objects).map(({ image }) => image).sort();
    assertEquals(images, COMPONENTS.map(imageName).sort());
  }
});

Deno.test("overlays/danm.io defines what the generator writes, and everything there works with it", () => {
  const objects = rendered.get("overlays/danm.io")!;
  const generated = new Map([...renderCrds("danm.io")].map(([, text]) => {
    const crd = parse(text) as ManifestObject;
    return [crd.metadata.name, crd] as const;
  }));
  for (const crd of objects.filter(({ kind }) => kind === CRD)) {
    // An annotation list that lost its only entry, and none.
    const { annotations, ...metadata } = crd.metadata as ManifestObject["metadata"] & { annotations?: object };
    assertEquals(annotations ?? {}, {});
    assertEquals({ ...crd, metadata }, generated.get(crd.metadata.name));
  }
  const without = containersOf(objects).filter(({ args }) => !args.includes("--api-group=danm.io"));
  assertEquals(without, []);
});

Deno.test("programs take the flags that manifests give them", async () => {
  const containers = [...rendered.values(), await render("uninstall")].flatMap(containersOf);
  for (const container of containers) {
    const command = new Deno.Command(`${BIN}/${programOf(container)}`, { args: [...container.args, "--help"] });
    const { code, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], container.name);
  }
});

Deno.test("all of DANM is in kube-system, on the hosts' network, with the ports that the guide lists", async () => {
  const registrations = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
  const policies = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
  const clusterWide = ["ClusterRole", "ClusterRoleBinding", CRD, ...registrations, ...policies];
  const guide = await Deno.readTextFile(new URL("../../docs/install.md", import.meta.url));
  const [, table = ""] = /<!-- ports -->(.*)<!-- \/ports -->/s.exec(guide) ?? [];
  const listed = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, port]) => Number(port));
  for (const objects of rendered.values()) {
    const elsewhere = objects.filter(({ kind, metadata }) =>
      metadata.namespace !== (clusterWide.includes(kind) ? undefined : "kube-system")
    );
    assertEquals(elsewhere, []);
    const ports = containersOf(objects).flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort));
    assertEquals(ports.length, new Set(ports).size);
    assertEquals(ports.toSorted(), listed);
    const onHosts = objects.flatMap(({ spec }) => spec?.template ? [spec.template.spec.hostNetwork] : []);
    assertEquals(onHosts.filter((is) => is !== true), []);
  }
});

Deno.test("containers have probes and limits, and no rights but those they cannot do without", () => {
  const rights = containersOf(rendered.get("overlays/production")!).map((container) => {
    const { name, readinessProbe, livenessProbe, resources, securityContext } = container;
    assertEquals(
      [readinessProbe, livenessProbe, resources?.limits, resources?.requests].includes(undefined),
      false,
      name,
    );
    const { privileged = false, runAsNonRoot = false, readOnlyRootFilesystem = false, capabilities } = securityContext;
    return [name, { privileged, runAsNonRoot, readOnlyRootFilesystem, ...capabilities }] as const;
  });
  const unprivileged = { privileged: false, runAsNonRoot: true, readOnlyRootFilesystem: true, drop: ["ALL"] };
  assertEquals(Object.fromEntries(rights), {
    cleaner: unprivileged,
    installer: { ...unprivileged, runAsNonRoot: false, add: ["DAC_OVERRIDE", "SYS_CHROOT"] },
    netwatcher: { privileged: true, runAsNonRoot: false, readOnlyRootFilesystem: false },
    svcwatcher: unprivileged,
    webhook: unprivileged,
  });
});

/** Roles that nobody is given by the manifests themselves. */
const FOR_PEOPLE = ["danm:administrator", "danm:edit", "danm:view"];

Deno.test("overlays register the webhook for the kinds of their group, and trust nobody yet", () => {
  for (const [overlay, objects] of rendered) {
    const group = overlay === "overlays/danm.io" ? "danm.io" : "danm.k8s.io";
    const shipped = objects.filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
    const service = { namespace: "kube-system", name: "danm-webhook" };
    const registered = registrations(service, group, undefined).map((one) => JSON.parse(JSON.stringify(one)));
    const byKind = (a: { kind: string }, b: { kind: string }) => a.kind < b.kind ? -1 : 1;
    assertEquals(shipped.toSorted(byKind), registered.toSorted(byKind));
  }
});

Deno.test("roles name what they allow, and each belongs to people or to one service account", () => {
  const objects = rendered.get("overlays/production")!;
  const rules = objects.flatMap(({ rules }) => rules ?? []);
  const wide = rules.filter(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs].includes("*"));
  assertEquals(wide, []);
  const secrets = rules.filter(({ resources }) => resources.some((each) => /secrets|serviceaccounts/.test(each)));
  assertEquals(secrets.filter(({ resourceNames }) => resourceNames === undefined), []);

  const bindings = objects.filter(({ roleRef }) => roleRef !== undefined);
  const bound = bindings.map(({ roleRef }) => `${roleRef!.kind} ${roleRef!.name}`).sort();
  const roles = objects.filter(({ rules }) => rules !== undefined);
  const forPeople = roles.filter(({ metadata }) => FOR_PEOPLE.includes(metadata.name));
  assertEquals(named(forPeople, "ClusterRole"), FOR_PEOPLE);
  const others = roles.filter((role) => !forPeople.includes(role)).map(({ kind, metadata }) =>
    `${kind} ${metadata.name}`
  );
  assertEquals(bound, others.sort());
  const accounts = named(objects, "ServiceAccount");
  for (const { subjects } of bindings) {
    assertEquals(subjects!.map(({ kind, namespace }) => [kind, namespace]), [["ServiceAccount", "kube-system"]]);
    assertEquals(accounts.includes(subjects![0]!.name), true);
  }
  const used = objects.flatMap(({ spec }) => spec?.template?.spec.serviceAccountName ?? []);
  assertEquals([...used, "danm"].sort(), accounts); // danm's token is made by the installer
});

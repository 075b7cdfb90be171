import { PROGRAM_FOLDERS } from "../../lib/process/program_folders.ts";

/** What a permission covers: everything, nothing or what is listed. */
type Scope = boolean | readonly string[];

/** What one component may do: a named set of deno.json's `permissions`. */
export type PermissionSet = Readonly<
  Record<string, Scope | { readonly allow: Scope; readonly deny: readonly string[] }>
>;

/**
 * The command line flags that grant a permission set, so that binaries and launchers grant the same.
 *
 * @throws {Error} when the set uses a form of deno.json that has no place here
 */
export function permissionFlags(component: string, set: PermissionSet | undefined): string[] {
  if (set === undefined) throw new Error(`Cannot build ${component}: deno.json has no permissions for it`);
  return Object.entries(set).flatMap(([kind, scope]) => {
    if (typeof scope !== "object" || !("allow" in scope)) return flagsOf(component, "allow", kind, scope);
    return [
      ...flagsOf(component, "allow", kind, scope.allow),
      ...flagsOf(component, "deny", kind, scope.deny),
    ];
  });
}

function flagsOf(component: string, verb: "allow" | "deny", kind: string, scope: Scope): string[] {
  if (scope === false) return [];
  if (scope === true) return [`--${verb}-${kind}`];
  if (!Array.isArray(scope) || scope.length === 0) {
    throw new Error(
      `Cannot build ${component}: its permission ${kind} is ${JSON.stringify(scope)}, must be true or a list`,
    );
  }
  const values: readonly string[] = scope;
  return [`--${verb}-${kind}=${(kind === "run" ? values.flatMap(programPaths) : values).join(",")}`];
}

/** Deno looks for a name once, in the PATH it starts with, and does not start without one: hence all that it may find. */
function programPaths(name: string): string[] {
  return PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`);
}

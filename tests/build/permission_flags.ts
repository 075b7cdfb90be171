import { PROGRAM_FOLDERS } from "../../lib/process/program_folders.ts";

/** What one component may do: a named set of deno.json's `permissions`. */
export type PermissionSet = Readonly<Record<string, boolean | readonly string[]>>;

/**
 * The command line flags that grant a permission set, so that binaries and launchers grant the same as
 * `deno run -P=NAME`.
 *
 * @throws {Error} when the set uses a form of deno.json that has no place here
 */
export function permissionFlags(component: string, set: PermissionSet | undefined): string[] {
  if (set === undefined) throw new Error(`Cannot build ${component}: deno.json has no permissions for it`);
  return Object.entries(set).filter(([, scope]) => scope !== false).map(([kind, scope]) => {
    if (scope === true) return `--allow-${kind}`;
    if (!Array.isArray(scope) || scope.length === 0) {
      throw new Error(
        `Cannot build ${component}: its permission ${kind} is ${JSON.stringify(scope)}, must be true or a list`,
      );
    }
    const values: readonly string[] = scope;
    return `--allow-${kind}=${(kind === "run" ? values.flatMap(programPaths) : values).join(",")}`;
  });
}

/** Deno looks for a name once, in the PATH it starts with, and does not start without one: hence all that it may find. */
function programPaths(name: string): string[] {
  return PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`);
}

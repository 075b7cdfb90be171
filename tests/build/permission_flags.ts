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
    return `--allow-${kind}=${scope.join(",")}`;
  });
}

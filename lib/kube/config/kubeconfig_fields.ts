/** Reads single fields out of parsed YAML, with errors that name the field. */

/** The file cannot be used; the message says which field, and what it must be. Never holds a credential. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
  constructor(source: string, explanation: string, options?: ErrorOptions) {
    super(`Cannot read kubeconfig ${source}: ${explanation}`, options);
  }
}

/** A mapping of the file and where it stands, e.g. `users[admin].user`. */
export interface Section {
  readonly source: string;
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The error that `field` of `section` is not what it must be. */
export function fieldError(section: Section, field: string, explanation: string): KubeconfigError {
  return new KubeconfigError(section.source, `${fieldPath(section, field)} ${explanation}`);
}

/** A non-empty string, or `undefined` when the field is absent or empty. */
export function optionalString(section: Section, field: string): string | undefined {
  const value = section.values[field] ?? "";
  if (typeof value !== "string") throw fieldError(section, field, `is a ${kindOf(value)}, must be a string`);
  return value === "" ? undefined : value;
}

function subsection(section: Section, field: string): Section {
  const value = section.values[field];
  if (!isMapping(value)) throw fieldError(section, field, `is ${article(value)}, must be a mapping`);
  return { source: section.source, path: fieldPath(section, field), values: value };
}

/** The mapping `inner` of the entry called `name` in the list `field`: how clusters, users and contexts are kept. */
export function namedEntry(section: Section, field: string, name: string, inner: string): Section {
  const list = section.values[field] ?? [];
  if (!Array.isArray(list)) throw fieldError(section, field, `is ${article(list)}, must be a list`);
  const entry = list.find((candidate: unknown) => isMapping(candidate) && candidate["name"] === name);
  if (entry === undefined) {
    const names = list.flatMap((candidate: unknown) => isMapping(candidate) ? [String(candidate["name"])] : []);
    throw fieldError(section, field, `has no entry "${name}", must be one of: ${names.join(", ") || "(it is empty)"}`);
  }
  return subsection({ source: section.source, path: `${field}[${name}]`, values: entry }, inner);
}

/** Whether a parsed value is a mapping, and so may be read by field. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldPath(section: Section, field: string): string {
  return section.path === "" ? field : `${section.path}.${field}`;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : isMapping(value) ? "mapping" : typeof value;
}

function article(value: unknown): string {
  return value === undefined || value === null ? "missing" : `a ${kindOf(value)}`;
}

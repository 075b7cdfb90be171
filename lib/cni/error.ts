/** What a CNI plugin prints when it fails. Source: CNI spec 1.1.0 §2 "STATUS", §5 "Error". */

/**
 * The error codes that DANM's plugins answer with. Those below 100 are the specification's, the others DANM's own. Its 51,
 * containers that are cut off, is never true: what is attached needs neither danm nor the API server.
 */
export const errorCode = {
  /** The configuration's cniVersion is not supported, or does not have the command. */
  incompatibleVersion: 1,
  /** The message must hold key and value of the field. */
  unsupportedField: 2,
  /** The runtime need not clean up after this one. */
  unknownContainer: 3,
  /** The message must hold the names of the variables. */
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  /** STATUS: no ADD can be served. */
  notAvailable: 50,
  /** DANM's own: whatever the message says. */
  failed: 100,
} as const;

/** A failure in the words of the CNI protocol. */
export class CniError extends Error {
  override readonly name = "CniError";

  /**
   * @param code one of `errorCode`, or what another plugin said
   * @param msg a sentence for the administrator
   * @param details more, where there is more
   */
  constructor(readonly code: number, readonly msg: string, readonly details: string = "") {
    super(details === "" ? msg : `${msg}: ${details}`);
  }
}

/** The error object a plugin prints on stdout, as JSON text. */
export function encodeError({ code, msg, details }: CniError, cniVersion: string): string {
  return JSON.stringify({ cniVersion, code, msg, ...(details !== "" && { details }) });
}

/**
 * Reads the error object that another plugin printed.
 *
 * @returns undefined when `stdout` is no such object; a plugin may also fail without a word
 */
export function decodeError(stdout: string): CniError | undefined {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { code, msg, details } = value as { code?: unknown; msg?: unknown; details?: unknown };
  if (!Number.isSafeInteger(code) || typeof msg !== "string") return undefined;
  return new CniError(code as number, msg, typeof details === "string" ? details : "");
}

/** Names of objects. Source: Kubernetes, "Object Names and IDs", DNS subdomain names. */

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether an object of any kind, or a namespace, may be called so: what may not is not put into a request's path. */
export function isObjectName(text: string): boolean {
  return OBJECT_NAME.test(text);
}

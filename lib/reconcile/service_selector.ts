/** The annotations of a Service that say whose interfaces it leads to. */

import type { Annotation } from "../api/annotations.ts";
import type { NetworkKind } from "../api/network.ts";
import { isObjectName } from "../api/object_name.ts";

/** A Service's annotation that cannot be used; the message names it, its value and what is allowed. */
export class ServiceAnnotationError extends Error {
  override readonly name = "ServiceAnnotationError";
  constructor(annotation: string, problem: string) {
    super(`Cannot use annotation ${annotation}: ${problem}`);
  }
}

/** Labels that a Pod must have, all of them. */
export type LabelSelector = Readonly<Record<string, string>>;

/** A network as an annotation names it. */
export interface NamedNetwork {
  readonly kind: NetworkKind;
  readonly name: string;
}

const NOTATION = 'must be a JSON object of labels such as {"app":"web"}';
/** Source: Kubernetes, "Labels and Selectors", syntax and character set. */
const LABEL_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Reads a selector: a JSON object of labels, or what the original system also took, several of them with commas
 * between, with or without brackets around. Of several, a Pod must have all labels of all.
 *
 * @throws {ServiceAnnotationError}
 */
export function parseLabelSelector({ key, value }: Annotation): LabelSelector {
  const labels = new Map<string, string>();
  for (const [name, text] of parseObjects(key, value).flatMap((object) => Object.entries(object))) {
    if (!LABEL_NAME.test(name)) throw new ServiceAnnotationError(key, `${JSON.stringify(name)} is no name of a label`);
    if (typeof text !== "string" || !LABEL_VALUE.test(text)) {
      throw new ServiceAnnotationError(key, `label ${name} is ${JSON.stringify(text)}, must be the value of a label`);
    }
    const other = labels.get(name);
    if (other !== undefined && other !== text) {
      throw new ServiceAnnotationError(key, `label ${name} is both "${other}" and "${text}", no Pod can have both`);
    }
    labels.set(name, text);
  }
  if (labels.size === 0) throw new ServiceAnnotationError(key, `it names no label, ${NOTATION}`);
  return Object.fromEntries(labels);
}

function parseObjects(annotation: string, text: string): object[] {
  let items: unknown;
  try {
    items = JSON.parse(`[${text}]`);
  } catch (error) {
    throw new ServiceAnnotationError(annotation, `it is not JSON (${(error as SyntaxError).message}), ${NOTATION}`);
  }
  const list = items as unknown[];
  const objects = list.length === 1 && Array.isArray(list[0]) ? list[0] as unknown[] : list;
  for (const object of objects) {
    if (typeof object === "object" && object !== null && !Array.isArray(object)) continue;
    throw new ServiceAnnotationError(annotation, `it holds ${JSON.stringify(object)}, ${NOTATION}`);
  }
  return objects as object[];
}

/** Whether `labels` have everything that `selector` names. */
export function isSelected(selector: LabelSelector, labels: LabelSelector | undefined): boolean {
  return Object.entries(selector).every(([name, value]) => labels?.[name] === value);
}

/**
 * Reads names of networks of one kind, separated by commas.
 *
 * @throws {ServiceAnnotationError}
 */
export function parseNetworkNames(kind: NetworkKind, { key, value }: Annotation): NamedNetwork[] {
  return [...new Set(value.split(",").map((name) => name.trim()))].map((name) => {
    if (isObjectName(name)) return { kind, name };
    throw new ServiceAnnotationError(
      key,
      `it names ${JSON.stringify(name)}, must be the name of a ${kind}, or several`,
    );
  });
}

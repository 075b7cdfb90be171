import { type AttachmentDefinition, DEFINITION_KIND } from "../../api/attachment_definition.ts";

/** A definition by kind and name, for messages. */
export function describeDefinition({ metadata: { namespace, name } }: Pick<AttachmentDefinition, "metadata">): string {
  return `${DEFINITION_KIND} ${namespace}/${name}`;
}

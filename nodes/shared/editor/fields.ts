import type { AnyNode, EditorNode, InputType } from './red.js';

/** Types of a typed input whose value may be read from a message, from a context store, or computed. */
export const COMPUTED = ['msg', 'flow', 'global', 'env', 'jsonata'] as const;

/** The value of a field or list. */
export const entered = (selector: string): string => String($(selector).val() ?? '');

export const isChecked = (selector: string): boolean => $(selector).is(':checked');

/** Makes a typed input of the field `property`, its type kept in `typeField`. The first type is the default. */
export function makeTyped(property: string, types: readonly [string | InputType, ...(string | InputType)[]]): void {
  const [first] = types;
  const usual = typeof first === 'string' ? first : first.value;
  $(`#node-input-${property}`).typedInput({ default: usual, types, typeField: `#node-input-${property}Type` });
}

/** The property of the message that the result is written to. */
export const makeResultProperty = (): void => {
  $('#node-input-resultProperty').typedInput({ default: 'msg', types: ['msg'] });
};

/** Nodes of an earlier release get what they lack; what was chosen stays. */
export function fillMissing(node: AnyNode): void {
  const { defaults } = node._def;
  for (const [property, { value }] of Object.entries(defaults)) {
    if ((node as unknown as Readonly<Record<string, unknown>>)[property] !== undefined) continue;
    const input = $(`#node-input-${property}`);
    if (input.is(':checkbox')) input.prop('checked', Boolean(value));
    else input.val(value as string | number);
  }
  $('#node-input-version').val(defaults.version?.value as number);
}

/** Up to 0.1.0 text in a property other than the payload was a path. */
export function keepPathOfOldNodes(node: EditorNode<{ isPath: boolean; property: string }>): void {
  if (node.isPath === undefined && node.property !== 'payload') $('#node-input-isPath').prop('checked', true);
}

/** A name that the user gave is shown in italics. */
export function styleOfName(this: EditorNode<{ name: string }>): string {
  return this.name ? 'node_label_italic' : '';
}

import type { AnyNode, Validator } from './red.js';
import type { Texts } from './texts.js';

type Predicate = (value: unknown) => boolean;

/** A property as it is chosen in the open dialog of a node, else as the node has it. */
export function chosen(node: AnyNode, property: string): unknown {
  const isOpen = RED.editor.getEditStack().some(({ id }) => id === node.id);
  const input = $(`#node-${node._def.category === 'config' ? 'config-' : ''}input-${property}`);
  if (!isOpen || input.length === 0) return (node as unknown as Readonly<Record<string, unknown>>)[property];
  return input.is(':checkbox') ? input.is(':checked') : input.val();
}

/** True for nodes where one of `values` is chosen for `property`. */
export const hasChosen =
  (property: string, ...values: readonly unknown[]) =>
  (node: AnyNode): boolean =>
    values.includes(chosen(node, property));

/** True for nodes where something is chosen for `property`, or its box is ticked. */
export const isChosen =
  (property: string) =>
  (node: AnyNode): boolean =>
    Boolean(chosen(node, property));

/** Makes validators whose message is the text `key` of the node. */
export const checksOf =
  (text: Texts) =>
  (key: string, isValid: Predicate): Validator =>
  (value, opt) =>
    isValid(value) || (opt ? text(key) : false);

/** Passes what all pass; the message is that of the first that does not. */
export const allOf = (...validators: readonly Validator[]): Validator =>
  function (value, opt) {
    for (const validate of validators) {
      const result = validate.call(this, value, opt);
      if (result !== true) return result;
    }
    return true;
  };

/** Checks a field only in nodes that use it; in others by `otherwise`, or not at all. */
export const when = (isUsed: (node: AnyNode) => boolean, validate: Validator, otherwise?: Validator): Validator =>
  function (value, opt) {
    const check = isUsed(this) ? validate : otherwise;
    return check ? check.call(this, value, opt) : true;
  };

/** An environment variable, which only the runtime can look up. */
export const isVariable: Predicate = (value) => /^\${[^}]+}$/.test(String(value));

/** What the runtime replaces by the default passes, and what only the runtime can check. */
export const optional =
  (isValid: Predicate): Predicate =>
  (value) =>
    value === '' || value === undefined || isVariable(value) || isValid(value);

export const matches =
  (pattern: RegExp): Predicate =>
  (value) =>
    pattern.test(String(value));

/** A number from `low` to `high`, or nothing. */
export const numberFrom = (low: number, high: number): Predicate =>
  optional((value) => String(value).trim() !== '' && Number(value) >= low && Number(value) <= high);

/** A whole number from `low` to `high`, or nothing. */
export const wholeNumberFrom = (low: number, high: number): Predicate => {
  const isWithin = numberFrom(low, high);
  return optional((value) => isWithin(value) && Number.isInteger(Number(value)));
};

/** A part of an MQTT topic, without wildcards, or nothing. */
export const isTopicPart: Predicate = optional(matches(/^[^#+]+$/));
